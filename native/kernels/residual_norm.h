#pragma once

#include <cstdint>

#include "kernels/dropout_mask.h"
#include "kernels/scalar.h"

namespace gp::kernels {

/** LayerNorm(dropout(x + bias) + residual) of [rows, size]; what does not change between the passes. */
template <typename Storage>
struct ResidualNorm {
  const Storage* x;            // [rows, size]
  const Real<Storage>* bias;   // [size], null for none
  const Storage* residual;     // [rows, size], null for none
  const Real<Storage>* scale;  // [size] LayerNorm's weight
  const Real<Storage>* shift;  // [size] its bias
  double eps;
  DropoutMask mask;
  int64_t rows;
  int64_t size;
};

/**
 * @param out [rows, size]
 * @param means, deviations [rows] mean of each row and 1 / its standard deviation, for the backward pass;
 * null where there is none
 */
template <typename Storage>
void residual_norm(const ResidualNorm<Storage>& of, Storage* out, Real<Storage>* means,
                   Real<Storage>* deviations, Stream stream);

/**
 * @param gradient [rows, size] by the output
 * @param x_gradient, residual_gradient [rows, size]; the latter null where there is no residual
 * @param parts [parts_of_rows(rows), 3, size] sums over parts of the rows: of the gradients by scale, shift
 * and bias
 */
template <typename Storage>
void residual_norm_backward(const ResidualNorm<Storage>& of, const Storage* gradient,
                            const Real<Storage>* means, const Real<Storage>* deviations, Storage* x_gradient,
                            Storage* residual_gradient, Real<Storage>* parts, Stream stream);

}  // namespace gp::kernels
