#include "kernels/column_sums.h"
#include "kernels/residual_norm.h"

namespace gp::kernels {
namespace {

constexpr unsigned kWarps = 4;  // of a block; each takes a row at a time
constexpr unsigned kThreads = kWarps * kWarp;

/** What of x stays: 0, or what it is multiplied by. */
template <typename R>
__device__ R kept(const DropoutMask& mask, const MaskWords& words, int value) {
  if (mask.dropped == 0) return R(1);
  return words.half(value) < mask.dropped ? R(0) : static_cast<R>(mask.kept);
}

/**
 * Calls visit(column, place in the tensor, what of x stays) for the columns of a row that are this lane's.
 * Masks are drawn over the whole tensor, so a row may begin within a group of a mask's values.
 */
template <typename R, typename Visit>
__device__ void for_row(const DropoutMask& mask, int64_t row, int64_t size, Visit visit) {
  const int64_t begin = row * size, end = begin + size;
  const int64_t first_group = begin / kMaskGroup, groups = (end + kMaskGroup - 1) / kMaskGroup - first_group;
  for (int64_t counter = threadIdx.x % kWarp; counter < groups * kMaskLanes; counter += kWarp) {
    const int64_t group = first_group + counter / kMaskLanes;
    const int lane = static_cast<int>(counter % kMaskLanes);
    MaskWords words{};
    if (mask.dropped != 0) words = mask_words(mask, group, lane);
    GP_UNROLL
    for (int value = 0; value < kMaskValues; ++value) {
      const int64_t at = group * kMaskGroup + lane + value * kMaskLanes;
      if (at >= begin && at < end) visit(at - begin, at, kept<R>(mask, words, value));
    }
  }
}

/** Where LayerNorm stands: what is normalised, before it is. */
template <typename Storage>
__device__ Real<Storage> summed(const ResidualNorm<Storage>& of, int64_t column, int64_t at,
                                Real<Storage> stays) {
  Real<Storage> value = load(of.x[at]);
  if (of.bias != nullptr) value += of.bias[column];
  value *= stays;
  if (of.residual != nullptr) value += load(of.residual[at]);
  return value;
}

template <typename Storage>
__global__ void forward(ResidualNorm<Storage> of, Storage* out, Real<Storage>* means,
                        Real<Storage>* deviations) {
  using R = Real<Storage>;
  const int64_t row = static_cast<int64_t>(blockIdx.x) * kWarps + threadIdx.x / kWarp;
  if (row >= of.rows) return;  // the whole warp
  R* sums =
      shared_memory<R>() + threadIdx.x / kWarp * of.size;  // [size] of this warp; each lane reads its own
  R total = 0;
  for_row<R>(of.mask, row, of.size, [&](int64_t column, int64_t at, R stays) {
    const R value = summed(of, column, at, stays);
    sums[column] = value;
    total += value;
  });
  const R mean = warp_sum(total) / static_cast<R>(of.size);
  R squares = 0;
  const DropoutMask none;
  for_row<R>(none, row, of.size, [&](int64_t column, int64_t, R) {
    const R away = sums[column] - mean;
    squares += away * away;
  });
  const R deviation = R(1) / root_of(warp_sum(squares) / static_cast<R>(of.size) + static_cast<R>(of.eps));
  for_row<R>(none, row, of.size, [&](int64_t column, int64_t at, R) {
    out[at] = stored<Storage>((sums[column] - mean) * deviation * of.scale[column] + of.shift[column]);
  });
  if (means != nullptr && threadIdx.x % kWarp == 0) {
    means[row] = mean;
    deviations[row] = deviation;
  }
}

/**
 * A block takes kRowsOfPart rows, a warp each in turn. With n the normalised row and h = gradient * scale,
 * d(sum) = deviation (h - mean(h) - n mean(h n)). What goes to columns is laid into shared memory, and added
 * up by the thread whose columns they are.
 */
template <typename Storage>
__global__ void backward(ResidualNorm<Storage> of, const Storage* gradient, const Real<Storage>* means,
                         const Real<Storage>* deviations, Storage* x_gradient, Storage* residual_gradient,
                         Real<Storage>* parts) {
  using R = Real<Storage>;
  const unsigned warp = threadIdx.x / kWarp;
  R* normed_rows = shared_memory<R>();             // [kWarps, size]
  R* slope_rows = normed_rows + kWarps * of.size;  // [kWarps, size] gradients by x
  R* sums = slope_rows + kWarps * of.size;         // [3, size]
  for (int64_t i = threadIdx.x; i < 3 * of.size; i += kThreads) sums[i] = 0;
  const int64_t begin = static_cast<int64_t>(blockIdx.x) * kRowsOfPart;
  const int64_t end = begin + kRowsOfPart < of.rows ? begin + kRowsOfPart : of.rows;
  const DropoutMask none;
  for (int64_t first = begin; first < end; first += kWarps) {
    const int64_t row = first + warp;
    if (row < end) {
      R* normed = normed_rows + warp * of.size;
      R* slopes = slope_rows + warp * of.size;
      const R mean = means[row], deviation = deviations[row];
      R of_gradient = 0, of_product = 0;
      for_row<R>(of.mask, row, of.size, [&](int64_t column, int64_t at, R stays) {
        const R value = (summed(of, column, at, stays) - mean) * deviation;
        const R incoming = load(gradient[at]) * of.scale[column];
        normed[column] = value;
        slopes[column] = stays;
        of_gradient += incoming;
        of_product += incoming * value;
      });
      const R gradient_mean = warp_sum(of_gradient) / static_cast<R>(of.size);
      const R product_mean = warp_sum(of_product) / static_cast<R>(of.size);
      for_row<R>(none, row, of.size, [&](int64_t column, int64_t at, R) {
        const R incoming = load(gradient[at]) * of.scale[column];
        const R slope = deviation * (incoming - gradient_mean - normed[column] * product_mean);
        const R by_x = slope * slopes[column];
        if (residual_gradient != nullptr) residual_gradient[at] = stored<Storage>(slope);
        x_gradient[at] = stored<Storage>(by_x);
        slopes[column] = by_x;
      });
    }
    __syncthreads();
    const int64_t rows = end - first < kWarps ? end - first : kWarps;
    for (int64_t column = threadIdx.x; column < of.size; column += kThreads) {
      R by_scale = sums[column], by_shift = sums[of.size + column], by_bias = sums[2 * of.size + column];
      for (int64_t r = 0; r < rows; ++r) {
        const R incoming = load(gradient[(first + r) * of.size + column]);
        by_scale += incoming * normed_rows[r * of.size + column];
        by_shift += incoming;
        by_bias += slope_rows[r * of.size + column];
      }
      sums[column] = by_scale;
      sums[of.size + column] = by_shift;
      sums[2 * of.size + column] = by_bias;
    }
    __syncthreads();
  }
  for (int64_t i = threadIdx.x; i < 3 * of.size; i += kThreads)
    parts[static_cast<int64_t>(blockIdx.x) * 3 * of.size + i] = sums[i];
}

}  // namespace

template <typename Storage>
void residual_norm(const ResidualNorm<Storage>& of, Storage* out, Real<Storage>* means,
                   Real<Storage>* deviations, Stream stream) {
  const auto blocks = static_cast<unsigned>((of.rows + kWarps - 1) / kWarps);
  launch(forward<Storage>, dim3(blocks), kThreads,
         kWarps * static_cast<size_t>(of.size) * sizeof(Real<Storage>), stream, of, out, means, deviations);
}

template <typename Storage>
void residual_norm_backward(const ResidualNorm<Storage>& of, const Storage* gradient,
                            const Real<Storage>* means, const Real<Storage>* deviations, Storage* x_gradient,
                            Storage* residual_gradient, Real<Storage>* parts, Stream stream) {
  launch(backward<Storage>, dim3(static_cast<unsigned>(parts_of_rows(of.rows))), kThreads,
         (2 * kWarps + 3) * static_cast<size_t>(of.size) * sizeof(Real<Storage>), stream, of, gradient, means,
         deviations, x_gradient, residual_gradient, parts);
}

#define GP_INSTANTIATE(Storage)                                                                            \
  template void residual_norm(const ResidualNorm<Storage>&, Storage*, Real<Storage>*, Real<Storage>*,      \
                              Stream);                                                                     \
  template void residual_norm_backward(const ResidualNorm<Storage>&, const Storage*, const Real<Storage>*, \
                                       const Real<Storage>*, Storage*, Storage*, Real<Storage>*, Stream);
GP_INSTANTIATE(float)
GP_INSTANTIATE(double)
GP_INSTANTIATE(Bfloat16)

}  // namespace gp::kernels
