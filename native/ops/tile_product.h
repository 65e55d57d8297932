#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/native/CPUBlas.h>

#include <cstdint>

// Products of small row-major matrices by oneDNN's micro-kernels, through the one door that LibTorch leaves
// to them. A kernel is compiled when its sizes and strides are first asked for (about 50 µs and 20 KB, kept
// for each thread), so callers keep the number of different shapes small. Beside MKL's sgemm they need no
// call to settle threads, and reach the processor's rate at sizes where sgemm does not.

namespace gp {

/** Whether this processor has what the kernels are made for (AVX-512); elsewhere ATen's own products are
 * used. */
bool has_tile_products();

/** Whether an operation on this tensor can be made of tile products. */
bool takes_tile_path(const at::Tensor& tensor);

/** Rows of a kernel are a multiple of this, or fewer: so that there are few kernels whatever the batch. */
inline constexpr int64_t kKernelRows = 8;

/**
 * C[m, n] = A[m, k] B[k, n], or added to C; strides are distances between rows. On the calling thread.
 * Numbers rounded to bfloat16 are summed in single precision: B is [k / 2, b_stride, 2] then, in pairs of
 * rows, and k even; only where has_precision(Precision::kBfloat16).
 */
template <typename Element>
void tile_product(int64_t m, int64_t n, int64_t k, const Element* a, int64_t a_stride, const Element* b,
                  int64_t b_stride, bool add, float* c, int64_t c_stride) {
  const int64_t rest = m > kKernelRows ? m % kKernelRows : 0, whole = m - rest;
  at::native::cpublas::brgemm(whole, n, k, a_stride, b_stride, c_stride, add, a, b, c);
  if (rest == 0) return;
  at::native::cpublas::brgemm(rest, n, k, a_stride, b_stride, c_stride, add, a + whole * a_stride, b,
                              c + whole * c_stride);
}

/** On processors with tile registers (AMX) a thread keeps their configuration until it is told: when this
 * ends. */
class TileRegisters {
 public:
  TileRegisters() = default;
  ~TileRegisters() { at::native::cpublas::brgemm_release(); }
  TileRegisters(TileRegisters&&) = default;
};

}  // namespace gp
