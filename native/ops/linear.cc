#include "ops/linear.h"

#include <ATen/ATen.h>

#include "ops/tile_product.h"

namespace gp {

at::Tensor linear_reference(const at::Tensor& x, at::TensorList weights, at::TensorList biases) {
  if (weights.size() == 1) return at::linear(x, weights[0], biases[0]);
  std::vector<at::Tensor> parts;
  for (size_t i = 0; i < weights.size(); ++i) parts.push_back(at::linear(x, weights[i], biases[i]));
  return at::cat(parts, 1);
}

at::Tensor linear(const at::Tensor& x, at::TensorList weights, at::TensorList biases, PanelCache* cache) {
  return takes_tile_path(x) ? linear_cpu(x, weights, biases, cache) : linear_reference(x, weights, biases);
}

at::Tensor feed_forward_reference(const at::Tensor& x, const FeedForwardWeights& weights,
                                  Activation activation) {
  const at::Tensor inner = at::linear(x, weights.inner_weight, weights.inner_bias);  // [T, inner]
  return at::linear(activation_reference(inner, activation), weights.outer_weight, weights.outer_bias);
}

at::Tensor feed_forward(const at::Tensor& x, const FeedForwardWeights& weights, Activation activation,
                        FeedForwardCache* cache) {
  return takes_tile_path(x) ? feed_forward_cpu(x, weights, activation, cache)
                            : feed_forward_reference(x, weights, activation);
}

}  // namespace gp
