#pragma once

#include <cstdint>

namespace gp {

/**
 * to[column][row] = from[row][column] for a block of at most 16 rows and 16 columns; strides are distances
 * between rows of either. Whole blocks pass through registers.
 */
void transpose_block(const float* from, int64_t from_stride, int64_t rows, int64_t columns, float* to,
                     int64_t to_stride);

/** Rows and columns of a whole block. */
inline constexpr int64_t kTransposeBlock = 16;

/** to [columns, filled] = the transpose of from [rows, columns], zeros behind the last row. */
void transpose(const float* from, int64_t from_stride, int64_t rows, int64_t columns, float* to,
               int64_t to_stride, int64_t filled);

}  // namespace gp
