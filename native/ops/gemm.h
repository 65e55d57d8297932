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
#if defined(__linux__)
// Null where LibTorch was built on another BLAS than MKL.
__attribute__((weak)) int MKL_Set_Num_Threads_Local(int threads);
#endif
}

namespace gp {

/**
 * While it lives, MKL works on the calling thread alone. LibTorch lets MKL split products even within a
 * parallel region, where it has one thread anyway: the pieces cost time and change the last bits with the
 * number of threads.
 */
class OneBlasThread {
 public:
#if defined(__linux__)
  OneBlasThread() : before_(MKL_Set_Num_Threads_Local != nullptr ? MKL_Set_Num_Threads_Local(1) : 0) {}
  ~OneBlasThread() {
    if (MKL_Set_Num_Threads_Local != nullptr) MKL_Set_Num_Threads_Local(before_);
  }
#else
  OneBlasThread() = default;
#endif
  OneBlasThread(const OneBlasThread&) = delete;
  OneBlasThread& operator=(const OneBlasThread&) = delete;

 private:
  [[maybe_unused]] int before_ = 0;
};

/** A row-major matrix seen through a pointer and the distance between its rows, transposed on use if asked.
 */
template <typename T>
struct MatrixView {
  const T* data;
  int64_t row_stride;
  bool transposed = false;
};

/** C[m, n] = alpha * A[m, k] B[k, n] + beta * C, all row-major; on the calling thread alone. */
template <typename T>
inline void gemm(int64_t m, int64_t n, int64_t k, T alpha, MatrixView<T> a, MatrixView<T> b, T beta, T* c,
                 int64_t c_row_stride) {
  if (m == 0 || n == 0) return;
  const OneBlasThread alone;
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
