#include "kernels/column_sums.h"

namespace gp::kernels {
namespace {

constexpr unsigned kColumns = 32;  // of a block
constexpr unsigned kRows = 8;

/** Thread (row, column) adds every eighth part; then one of each column adds the eight. */
template <typename R>
__global__ void add_parts(const R* parts, int64_t count, int64_t columns, R* sums) {
  __shared__ R partial[kRows][kColumns];
  const unsigned lane = threadIdx.x % kColumns, row = threadIdx.x / kColumns;
  const int64_t column = static_cast<int64_t>(blockIdx.x) * kColumns + lane;
  R sum = 0;
  if (column < columns) {
    for (int64_t part = row; part < count; part += kRows) sum += parts[part * columns + column];
  }
  partial[row][lane] = sum;
  __syncthreads();
  if (row != 0 || column >= columns) return;
  for (unsigned other = 1; other < kRows; ++other) sum += partial[other][lane];
  sums[column] = sum;
}

}  // namespace

template <typename R>
void sum_of_parts(const R* parts, int64_t count, int64_t columns, R* sums, Stream stream) {
  const auto blocks = static_cast<unsigned>((columns + kColumns - 1) / kColumns);
  launch(add_parts<R>, dim3(blocks), kColumns * kRows, 0, stream, parts, count, columns, sums);
}

template void sum_of_parts(const float*, int64_t, int64_t, float*, Stream);
template void sum_of_parts(const double*, int64_t, int64_t, double*, Stream);

}  // namespace gp::kernels
