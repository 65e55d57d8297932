#include "kernels/bias_activation.h"
#include "kernels/column_sums.h"

namespace gp::kernels {
namespace {

constexpr unsigned kThreads = 128;

/** activation(x) and its derivative. */
template <typename R>
struct Activated {
  R value;
  R slope;
};

template <typename R>
__device__ Activated<R> activated(ActivationKind kind, R x) {
  if (kind == ActivationKind::kRelu) {
    const bool off = x <= R(0);  // what is not a number goes through
    return {off ? R(0) : x, off ? R(0) : R(1)};
  }
  if (kind == ActivationKind::kGelu) {
    const R below = R(0.5) * (R(1) + erf_of(x * R(0.70710678118654752440)));
    const R density = R(0.39894228040143267794) * exp_of(R(-0.5) * x * x);
    return {x * below, below + x * density};
  }
  constexpr double kFactor = 0.79788456080286535588, kCubic = 0.044715;
  const R t = tanh_of(R(kFactor) * (x + R(kCubic) * x * x * x));
  const R inner = R(kFactor) * (R(1) + R(3 * kCubic) * x * x);
  return {R(0.5) * x * (R(1) + t), R(0.5) * (R(1) + t) + R(0.5) * x * (R(1) - t * t) * inner};
}

/** A thread a column, a block some rows. */
template <typename Storage>
__global__ void forward(ActivationKind kind, const Storage* x, const Real<Storage>* bias, Storage* out,
                        int64_t rows, int64_t columns) {
  const int64_t column = static_cast<int64_t>(blockIdx.y) * kThreads + threadIdx.x;
  if (column >= columns) return;
  const Real<Storage> shift = bias[column];
  const int64_t begin = static_cast<int64_t>(blockIdx.x) * kRowsOfPart;
  const int64_t end = begin + kRowsOfPart < rows ? begin + kRowsOfPart : rows;
  GP_UNROLL_BY(4)
  for (int64_t row = begin; row < end; ++row) {
    const int64_t at = row * columns + column;
    out[at] = stored<Storage>(activated<Real<Storage>>(kind, load(x[at]) + shift).value);
  }
}

template <typename Storage>
__global__ void backward(ActivationKind kind, const Storage* x, const Real<Storage>* bias, Storage* gradient,
                         Storage* out, Real<Storage>* bias_parts, int64_t rows, int64_t columns) {
  using R = Real<Storage>;
  const int64_t column = static_cast<int64_t>(blockIdx.y) * kThreads + threadIdx.x;
  if (column >= columns) return;
  const R shift = bias[column];
  const int64_t begin = static_cast<int64_t>(blockIdx.x) * kRowsOfPart;
  const int64_t end = begin + kRowsOfPart < rows ? begin + kRowsOfPart : rows;
  R sum = 0;
  GP_UNROLL_BY(4)
  for (int64_t row = begin; row < end; ++row) {
    const int64_t at = row * columns + column;
    const Activated<R> here = activated<R>(kind, load(x[at]) + shift);
    const R slope = load(gradient[at]) * here.slope;
    out[at] = stored<Storage>(here.value);
    gradient[at] = stored<Storage>(slope);
    sum += slope;
  }
  bias_parts[static_cast<int64_t>(blockIdx.x) * columns + column] = sum;
}

dim3 grid_of(int64_t rows, int64_t columns) {
  return {static_cast<unsigned>(parts_of_rows(rows)),
          static_cast<unsigned>((columns + kThreads - 1) / kThreads), 1};
}

}  // namespace

template <typename Storage>
void bias_activation(ActivationKind kind, const Storage* x, const Real<Storage>* bias, Storage* out,
                     int64_t rows, int64_t columns, Stream stream) {
  launch(forward<Storage>, grid_of(rows, columns), kThreads, 0, stream, kind, x, bias, out, rows, columns);
}

template <typename Storage>
void bias_activation_backward(ActivationKind kind, const Storage* x, const Real<Storage>* bias,
                              Storage* gradient, Storage* out, Real<Storage>* bias_parts, int64_t rows,
                              int64_t columns, Stream stream) {
  launch(backward<Storage>, grid_of(rows, columns), kThreads, 0, stream, kind, x, bias, gradient, out,
         bias_parts, rows, columns);
}

#define GP_INSTANTIATE(Storage)                                                                          \
  template void bias_activation(ActivationKind, const Storage*, const Real<Storage>*, Storage*, int64_t, \
                                int64_t, Stream);                                                        \
  template void bias_activation_backward(ActivationKind, const Storage*, const Real<Storage>*, Storage*, \
                                         Storage*, Real<Storage>*, int64_t, int64_t, Stream);
GP_INSTANTIATE(float)
GP_INSTANTIATE(double)
GP_INSTANTIATE(Bfloat16)

}  // namespace gp::kernels
