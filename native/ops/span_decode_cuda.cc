#include <ATen/ATen.h>

#include <algorithm>
#include <tuple>

#include "kernels/span_decode.h"
#include "ops/span_decode.h"
#include "ops/span_inputs_cuda.h"
#include "ops/upload.h"

namespace gp {
namespace {

static_assert(sizeof(kernels::Hit) == 5 * sizeof(int32_t));

/** Of a batch; entities are far fewer than tokens, and where they are not, the second try has room for all.
 */
int64_t first_room(const SpanTensors& in) { return std::max<int64_t>(1024, in.query_key.size(0)); }

/** The count of all hits, and of as many hits as there is room for. */
std::vector<SpanHit> collected(const SpanTensors& in, const at::Tensor& thresholds, int64_t room,
                               int64_t& count) {
  // One tensor, so that one copy brings it all: the count first.
  const at::Tensor buffer = at::empty({1 + 5 * room}, in.starts.options());
  buffer.narrow(0, 0, 1).zero_();
  with_storage(in.query_key, [&](auto tag) {
    using Storage = typename decltype(tag)::type;
    auto* const numbers_of_buffer = numbers<int32_t>(buffer);
    kernels::span_decode(in.as<Storage>(), numbers<const float>(thresholds), static_cast<int32_t>(room),
                         numbers_of_buffer, reinterpret_cast<kernels::Hit*>(numbers_of_buffer + 1),
                         stream_of(in.query_key));
  });
  const at::Tensor here = buffer.to(at::kCPU);
  const auto* const integers = here.const_data_ptr<int32_t>();
  count = integers[0];
  std::vector<SpanHit> hits(static_cast<size_t>(std::min(count, room)));
  for (size_t i = 0; i < hits.size(); ++i) {
    const int32_t* const hit = integers + 1 + 5 * i;
    float score;
    std::memcpy(&score, hit + 4, sizeof(score));
    hits[i] = {hit[0], hit[1], hit[2], hit[3], score};
  }
  return hits;
}

}  // namespace

std::vector<SpanHit> span_decode_cuda(const SpanFactors& factors, const Sequences& sequences,
                                      const std::vector<float>& thresholds, SpanCells cells) {
  if (!has_span_kernels(factors)) return span_decode_reference(factors, sequences, thresholds, cells);
  const SpanTensors in(factors, sequences, cells);
  const c10::DeviceGuard guard(in.query_key.device());
  const at::Tensor limits = uploaded(thresholds, in.query_key.device());
  int64_t count = 0;
  const int64_t room = first_room(in);
  std::vector<SpanHit> hits = collected(in, limits, room, count);
  if (count > room) hits = collected(in, limits, count, count);
  const auto key = [](const SpanHit& hit) { return std::tuple(hit.sequence, hit.type, hit.start, hit.end); };
  std::sort(hits.begin(), hits.end(), [&](const SpanHit& a, const SpanHit& b) { return key(a) < key(b); });
  return hits;
}

}  // namespace gp
