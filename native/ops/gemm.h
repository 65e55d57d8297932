#pragma once

#include <cstdint>

// LibTorch links one BLAS and exports its Fortran interface. Its own ATen wrappers cost microseconds a call,
// which is as much as a whole sentence-sized product takes.
extern "C" {
void sgemm_(const char* transa, const char* transb, const int* m, const int* n, const int* k,
            const float* alpha, const float* a, const int* lda, const float* b, const int* ldb,
            const float* beta, float* c, const int* ldc);
void dgemm_(const char* transa, const char* transb, const int* m, const int* n, const int* k,
            const double* alpha, const double* a, const int* lda, const double* b, const int* ldb,
            const double* beta, double* c, const int* ldc);
}

namespace gp {

/** A row-major matrix seen through a pointer and the distance between its rows, transposed on use if asked.
 */
template <typename T>
struct MatrixView {
  const T* data;
  int64_t row_stride;
  bool transposed = false;
};

/** C[m, n] = alpha * A[m, k] B[k, n] + beta * C, all row-major; safe inside a parallel region. */
template <typename T>
inline void gemm(int64_t m, int64_t n, int64_t k, T alpha, MatrixView<T> a, MatrixView<T> b, T beta, T* c,
                 int64_t c_row_stride) {
  if (m == 0 || n == 0) return;
  // BLAS counts columns first: the row-major product A B is its B A.
  const char trans_a = a.transposed ? 'T' : 'N';
  const char trans_b = b.transposed ? 'T' : 'N';
  const int rows = static_cast<int>(m), cols = static_cast<int>(n), inner = static_cast<int>(k);
  const int lda = static_cast<int>(a.row_stride), ldb = static_cast<int>(b.row_stride);
  const int ldc = static_cast<int>(c_row_stride);
  if constexpr (sizeof(T) == sizeof(float)) {
    sgemm_(&trans_b, &trans_a, &cols, &rows, &inner, &alpha, b.data, &ldb, a.data, &lda, &beta, c, &ldc);
  } else {
    dgemm_(&trans_b, &trans_a, &cols, &rows, &inner, &alpha, b.data, &ldb, a.data, &lda, &beta, c, &ldc);
  }
}

}  // namespace gp
