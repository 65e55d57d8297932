#include "kernels/rope.h"

namespace gp::kernels {
namespace {

constexpr unsigned kThreads = 128;
constexpr double kBase = 10000.0;

/** A block a token: the sines of its position are computed once, in double, and turn all of its vectors. */
template <typename Storage>
__global__ void rotate(const Storage* x, Storage* out, const int32_t* positions, int64_t vectors,
                       int64_t size, int direction) {
  using R = Real<Storage>;
  const int pairs = static_cast<int>(size / 2);
  R* cosines = shared_memory<R>();  // [pairs]
  R* sines = cosines + pairs;       // [pairs]
  const int64_t token = blockIdx.x;
  for (int m = static_cast<int>(threadIdx.x); m < pairs; m += kThreads) {
    const double theta = pow(kBase, -2.0 * m / static_cast<double>(size));
    const double angle = positions[token] * theta;
    cosines[m] = static_cast<R>(cos(angle));
    sines[m] = static_cast<R>(direction * sin(angle));
  }
  __syncthreads();
  const int64_t begin = token * vectors * size;
  for (int64_t pair = threadIdx.x; pair < vectors * pairs; pair += kThreads) {
    const int m = static_cast<int>(pair % pairs);
    const int64_t at = begin + pair * 2;
    const R even = load(x[at]), odd = load(x[at + 1]);
    out[at] = stored<Storage>(even * cosines[m] - odd * sines[m]);
    out[at + 1] = stored<Storage>(odd * cosines[m] + even * sines[m]);
  }
}

}  // namespace

template <typename Storage>
void rope(const Storage* x, Storage* out, const int32_t* positions, int64_t tokens, int64_t vectors,
          int64_t size, int direction, Stream stream) {
  const size_t shared = static_cast<size_t>(size) * sizeof(Real<Storage>);
  launch(rotate<Storage>, dim3(static_cast<unsigned>(tokens)), kThreads, shared, stream, x, out, positions,
         vectors, size, direction);
}

template void rope(const float*, float*, const int32_t*, int64_t, int64_t, int64_t, int, Stream);
template void rope(const double*, double*, const int32_t*, int64_t, int64_t, int64_t, int, Stream);
template void rope(const Bfloat16*, Bfloat16*, const int32_t*, int64_t, int64_t, int64_t, int, Stream);

}  // namespace gp::kernels
