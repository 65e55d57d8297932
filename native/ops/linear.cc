#include "ops/linear.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include "ops/cuda_ops.h"
#include "ops/mixed_linear.h"
#include "ops/tile_product.h"

namespace gp {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

at::Tensor rounded(const at::Tensor& x) { return x.to(at::kBFloat16).to(x.scalar_type()); }

/** y = x W^T + b with both sides of every product rounded to bfloat16, forward and backward. */
struct RoundedLinearFunction : torch::autograd::Function<RoundedLinearFunction> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& weight,
                            const at::Tensor& bias) {
    context->save_for_backward({x, weight});
    return at::linear(rounded(x), rounded(weight), bias);
  }
  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor g = rounded(gradients[0]);
    return {at::matmul(g, rounded(saved[1])), at::matmul(g.t(), rounded(saved[0])), gradients[0].sum(0)};
  }
};

at::Tensor one_linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                      Precision learning) {
  if (x.scalar_type() == at::kBFloat16)
    return at::linear(x, weight.to(at::kBFloat16), bias.to(at::kBFloat16));
  return learning == Precision::kBfloat16 ? RoundedLinearFunction::apply(x, weight, bias)
                                          : at::linear(x, weight, bias);
}

}  // namespace

at::Tensor linear_reference(const at::Tensor& x, at::TensorList weights, at::TensorList biases,
                            Precision learning) {
  if (weights.size() == 1) return one_linear(x, weights[0], biases[0], learning);
  std::vector<at::Tensor> parts;
  for (size_t i = 0; i < weights.size(); ++i) parts.push_back(one_linear(x, weights[i], biases[i], learning));
  return at::cat(parts, 1);
}

bool leaves_bias(const at::Tensor& x) { return cuda_ops_for(x) != nullptr; }

at::Tensor linear_without_bias(const at::Tensor& x, const at::Tensor& weight) {
  return mixed_linear(x, {weight}, {});
}

at::Tensor linear(const at::Tensor& x, at::TensorList weights, at::TensorList biases, PanelCache* cache,
                  Precision learning) {
  if (takes_cuda_path(x)) return mixed_linear(x, weights, biases);
  return takes_tile_path(x) ? linear_cpu(x, weights, biases, cache, learning)
                            : linear_reference(x, weights, biases, learning);
}

at::Tensor feed_forward_reference(const at::Tensor& x, const FeedForwardWeights& weights,
                                  Activation activation, Precision learning) {
  const at::Tensor inner = one_linear(x, weights.inner_weight, weights.inner_bias, learning);  // [T, inner]
  return one_linear(activation_reference(inner, activation), weights.outer_weight, weights.outer_bias,
                    learning);
}

at::Tensor feed_forward_without_bias(const at::Tensor& x, const FeedForwardWeights& weights,
                                     Activation activation) {
  return cuda_ops_for(x)->feed_forward(x, weights, activation);
}

at::Tensor feed_forward(const at::Tensor& x, const FeedForwardWeights& weights, Activation activation,
                        FeedForwardCache* cache, Precision learning) {
  if (takes_cuda_path(x)) {
    const at::Tensor inner = mixed_linear(x, {weights.inner_weight}, {weights.inner_bias});  // [T, inner]
    return mixed_linear(activation_reference(inner, activation), {weights.outer_weight},
                        {weights.outer_bias});
  }
  return takes_tile_path(x) ? feed_forward_cpu(x, weights, activation, cache, learning)
                            : feed_forward_reference(x, weights, activation, learning);
}

}  // namespace gp
