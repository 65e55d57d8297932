#pragma once

#include <ATen/core/Tensor.h>
#include <c10/util/BFloat16.h>

#include <cstdint>

// Numbers rounded to bfloat16 (8 bits of precision, the exponents of single precision), in the orders that
// products of them want. To the nearest, ties to even; what is no number stays none.

namespace gp {

/** Two numbers side by side, as the processor multiplies and sums them at once. */
inline constexpr int64_t kBfloat16Pair = 2;

/** Numbers rounded one by one. */
void round_numbers(const float* from, int64_t count, c10::BFloat16* to);

/** [rows, columns made even] from [rows, columns] in parallel, a zero behind an odd row. */
at::Tensor rounded_rows(const float* from, int64_t rows, int64_t columns);

/**
 * to [rows / 2 rounded up, to_columns, 2] from [rows, columns]: rows 2i and 2i + 1 in pairs. A zero beside an
 * odd last row; columns behind the last one are left alone.
 */
void pair_rows(const float* from, int64_t stride, int64_t rows, int64_t columns, c10::BFloat16* to,
               int64_t to_columns);

/** to [columns, to_stride] = the transpose of from [rows, columns], zeros behind the last row up to `filled`,
 * an even number. */
void transpose_rounded(const float* from, int64_t stride, int64_t rows, int64_t columns, c10::BFloat16* to,
                       int64_t to_stride, int64_t filled);

/** to [columns / 2 rounded up, to_columns, 2] from [rows, columns]: columns 2i and 2i + 1 in pairs, rows
 * becoming columns. */
void pair_columns(const float* from, int64_t stride, int64_t rows, int64_t columns, c10::BFloat16* to,
                  int64_t to_columns);

}  // namespace gp
