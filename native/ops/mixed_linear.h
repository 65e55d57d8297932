#pragma once

#include <ATen/core/Tensor.h>

#include "ops/linear.h"

namespace gp {

/**
 * Linear layers over the same input, side by side, as `linear` has them: products of numbers of x's type, to
 * which weights are rounded where they are wider, summed in single precision at least. Gradients have the
 * weights' type. By LibTorch's own products: what CUDA takes.
 * @param biases [out_n] each, or none at all, for a sum that comes later
 */
at::Tensor mixed_linear(const at::Tensor& x, at::TensorList weights, at::TensorList biases);

/** a b in `type`, which is that of both or wider. */
at::Tensor product_as(at::ScalarType type, const at::Tensor& a, const at::Tensor& b);

/** Weights below each other, in the type of `like`: [sum of out_n, in] */
at::Tensor stacked_as(const at::Tensor& like, at::TensorList weights);

}  // namespace gp
