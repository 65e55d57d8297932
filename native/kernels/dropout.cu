#include "kernels/dropout.h"

namespace gp::kernels {
namespace {

constexpr unsigned kThreads = 128;

/** A thread a counter of the mask. */
template <typename Storage>
__global__ void multiply_by_mask(const Storage* x, Storage* out, int64_t count, DropoutMask mask) {
  const int64_t counter = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  const int64_t group = counter / kMaskLanes;
  const int lane = static_cast<int>(counter % kMaskLanes);
  if (group * kMaskGroup >= count) return;
  const MaskWords words = mask_words(mask, group, lane);
  const auto kept = static_cast<Real<Storage>>(mask.kept);
  GP_UNROLL
  for (int value = 0; value < kMaskValues; ++value) {
    const int64_t at = group * kMaskGroup + lane + value * kMaskLanes;
    if (at >= count) continue;
    const bool stays = words.half(value) >= mask.dropped;
    out[at] = stored<Storage>(load(x[at]) * (stays ? kept : Real<Storage>(0)));
  }
}

}  // namespace

template <typename Storage>
void dropout(const Storage* x, Storage* out, int64_t count, const DropoutMask& mask, Stream stream) {
  constexpr int64_t kValuesOfBlock = int64_t{kThreads} * kMaskValues;
  const auto blocks = static_cast<unsigned>((count + kValuesOfBlock - 1) / kValuesOfBlock);
  launch(multiply_by_mask<Storage>, dim3(blocks), kThreads, 0, stream, x, out, count, mask);
}

template void dropout(const float*, float*, int64_t, const DropoutMask&, Stream);
template void dropout(const double*, double*, int64_t, const DropoutMask&, Stream);
template void dropout(const Bfloat16*, Bfloat16*, int64_t, const DropoutMask&, Stream);

}  // namespace gp::kernels
