#pragma once

#include <cstdint>

#include "kernels/scalar.h"

namespace gp::kernels {

/** As ops/activation.h has them. */
enum class ActivationKind { kGelu, kGeluTanh, kRelu };

/** out = activation(x + bias). @param x, out [rows, columns] @param bias [columns] */
template <typename Storage>
void bias_activation(ActivationKind kind, const Storage* x, const Real<Storage>* bias, Storage* out,
                     int64_t rows, int64_t columns, Stream stream);

/**
 * The same again, and the gradient by x in the place of that by `out`.
 * @param gradient [rows, columns] by the output; by x afterwards
 * @param out [rows, columns] is written
 * @param bias_parts [parts_of_rows(rows), columns] sums of the gradient over parts of the rows
 */
template <typename Storage>
void bias_activation_backward(ActivationKind kind, const Storage* x, const Real<Storage>* bias,
                              Storage* gradient, Storage* out, Real<Storage>* bias_parts, int64_t rows,
                              int64_t columns, Stream stream);

}  // namespace gp::kernels
