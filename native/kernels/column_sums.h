#pragma once

#include <cstdint>

#include "kernels/scalar.h"

namespace gp::kernels {

/**
 * sums[c] = sum over p of parts[p, c], in an order that depends on the sizes alone.
 * @param parts [count, columns]
 * @param sums [columns]
 */
template <typename R>
void sum_of_parts(const R* parts, int64_t count, int64_t columns, R* sums, Stream stream);

/** Rows that one block adds up: then `sum_of_parts` goes over the blocks. */
inline constexpr int64_t kRowsOfPart = 32;
inline int64_t parts_of_rows(int64_t rows) { return (rows + kRowsOfPart - 1) / kRowsOfPart; }

}  // namespace gp::kernels
