#include "ops/span_decode.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>

#include "ops/dispatch.h"
#include "ops/simd.h"
#include "ops/span_loss.h"

namespace gp {
namespace {

template <typename T>
void decode_task(const SpanScores<T>& scores, int64_t task, float threshold, std::vector<T>& buffer,
                 std::vector<SpanHit>& hits) {
  const int64_t end = scores.end(task);
  const T scale = static_cast<T>(1.0 / std::sqrt(static_cast<double>(scores.size)));
  const auto sequence = static_cast<int32_t>(task / scores.types),
             type = static_cast<int32_t>(task % scores.types);
  for (int64_t top = scores.first(task); top < end; top += kTileRows) {
    const int64_t rows = std::min(kTileRows, end - top), columns = end - top;
    buffer.resize(static_cast<size_t>(rows * columns));
    scores.score_rows(task, top, rows, scale, buffer.data(), columns);
    for (int64_t r = 0; r < rows; ++r) {
      const T* line = buffer.data() + r * columns;
      // Nearly every row is empty: one vectorised maximum tells.
      if (!(max_value(line + r, columns - r) > static_cast<T>(threshold))) continue;
      for (int64_t c = r; c < columns; ++c) {
        if (!(line[c] > static_cast<T>(threshold))) continue;
        hits.push_back({sequence, type, static_cast<int32_t>(top + r), static_cast<int32_t>(top + c),
                        static_cast<float>(line[c])});
      }
    }
  }
}

}  // namespace

std::vector<SpanHit> span_decode_reference(const at::Tensor& query_key, const Sequences& sequences,
                                           const std::vector<float>& thresholds, SpanCells cells) {
  std::vector<SpanHit> hits;
  const auto scores = span_scores(query_key, sequences, cells);
  for (int64_t b = 0; b < sequences.count(); ++b) {
    const at::Tensor of_sequence = scores[static_cast<size_t>(b)];  // [types, L, L]
    const at::Tensor limits = at::tensor(thresholds, of_sequence.options().dtype(at::kFloat))
                                  .view({-1, 1, 1})
                                  .to(of_sequence.options());
    const at::Tensor above = of_sequence.gt(limits).nonzero();  // [hits, 3], in row-major order
    const at::Tensor values = of_sequence.index({above.select(1, 0), above.select(1, 1), above.select(1, 2)});
    const at::Tensor where = above.to(at::kCPU).contiguous();  // nonzero may lay its columns out first
    const at::Tensor value = values.to(at::kCPU, at::kFloat);
    for (int64_t i = 0; i < where.size(0); ++i) {
      const auto cell = where.const_data_ptr<int64_t>() + i * 3;
      hits.push_back({static_cast<int32_t>(b), static_cast<int32_t>(cell[0]), static_cast<int32_t>(cell[1]),
                      static_cast<int32_t>(cell[2]), value.const_data_ptr<float>()[i]});
    }
  }
  return hits;
}

std::vector<SpanHit> span_decode_cpu(const at::Tensor& query_key, const Sequences& sequences,
                                     const std::vector<float>& thresholds, SpanCells cells) {
  const at::Tensor input = query_key.contiguous();
  const int64_t types = input.size(1);
  std::vector<std::vector<SpanHit>> of_sequence(static_cast<size_t>(sequences.count()));
  AT_DISPATCH_FLOATING_TYPES(input.scalar_type(), "span_decode_cpu", [&] {
    const SpanScores<scalar_t> scores{input.const_data_ptr<scalar_t>(), types, input.size(3), sequences,
                                      cells};
    at::parallel_for(0, sequences.count(), 1, [&](int64_t first, int64_t last) {
      std::vector<scalar_t> buffer;
      for (int64_t b = first; b < last; ++b) {
        for (int64_t type = 0; type < types; ++type) {
          decode_task(scores, b * types + type, thresholds[static_cast<size_t>(type)], buffer,
                      of_sequence[static_cast<size_t>(b)]);
        }
      }
    });
  });
  std::vector<SpanHit> hits;
  for (const auto& found : of_sequence) hits.insert(hits.end(), found.begin(), found.end());
  return hits;
}

std::vector<SpanHit> span_decode(const at::Tensor& query_key, const Sequences& sequences,
                                 const std::vector<float>& thresholds, SpanCells cells) {
  return takes_cpu_path(query_key) ? span_decode_cpu(query_key, sequences, thresholds, cells)
                                   : span_decode_reference(query_key, sequences, thresholds, cells);
}

}  // namespace gp
