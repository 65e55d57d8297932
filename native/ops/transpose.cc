#include "ops/transpose.h"

#include <algorithm>
#include <cstring>

#include "ops/tile_product.h"

namespace gp {
namespace {

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define GP_REGISTER_TRANSPOSE

using Row = float __attribute__((vector_size(64)));
using Lanes = int32_t __attribute__((vector_size(64)));

/** Lanes of two rows that lie `distance` apart: for the first (`upper` false) and the second after the
 * exchange. */
constexpr Lanes exchanged(int distance, bool upper) {
  Lanes lanes{};
  for (int i = 0; i < 16; ++i) {
    const bool other = (i & distance) != 0;
    lanes[i] = upper ? (other ? 16 + i : i + distance) : (other ? 16 + i - distance : i);
  }
  return lanes;
}

/** Exchanges the off-diagonal blocks of ever larger blocks: four rounds turn 16 rows. */
__attribute__((target("avx512f"))) void transpose_registers(const float* from, int64_t from_stride, float* to,
                                                            int64_t to_stride) {
  Row rows[16];
#pragma GCC unroll 16
  for (int i = 0; i < 16; ++i) std::memcpy(&rows[i], from + i * from_stride, sizeof(Row));
#pragma GCC unroll 4
  for (int round = 0; round < 4; ++round) {
    const int distance = 1 << round;
    const Lanes lower = exchanged(distance, false), upper = exchanged(distance, true);
#pragma GCC unroll 16
    for (int i = 0; i < 16; ++i) {
      if ((i & distance) != 0) continue;
      const Row first = rows[i], second = rows[i + distance];
      rows[i] = __builtin_shuffle(first, second, lower);
      rows[i + distance] = __builtin_shuffle(first, second, upper);
    }
  }
#pragma GCC unroll 16
  for (int i = 0; i < 16; ++i) std::memcpy(to + i * to_stride, &rows[i], sizeof(Row));
}
#endif

}  // namespace

void transpose_block(const float* from, int64_t from_stride, int64_t rows, int64_t columns, float* to,
                     int64_t to_stride) {
#ifdef GP_REGISTER_TRANSPOSE
  if (rows == kTransposeBlock && columns == kTransposeBlock && has_tile_products())
    return transpose_registers(from, from_stride, to, to_stride);
#endif
  for (int64_t column = 0; column < columns; ++column) {
    for (int64_t row = 0; row < rows; ++row) to[column * to_stride + row] = from[row * from_stride + column];
  }
}

void transpose(const float* from, int64_t from_stride, int64_t rows, int64_t columns, float* to,
               int64_t to_stride, int64_t filled) {
  for (int64_t column = 0; column < columns; column += kTransposeBlock) {
    const int64_t width = std::min(kTransposeBlock, columns - column);
    for (int64_t row = 0; row < rows; row += kTransposeBlock) {
      transpose_block(from + row * from_stride + column, from_stride, std::min(kTransposeBlock, rows - row),
                      width, to + column * to_stride + row, to_stride);
    }
    for (int64_t i = column; i < column + width; ++i)
      std::fill(to + i * to_stride + rows, to + i * to_stride + filled, 0.0F);
  }
}

}  // namespace gp
