#include "ops/mixed_linear.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include <numeric>

namespace gp {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/** x W^T + b; b may have no elements. */
at::Tensor output_of(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  return bias.numel() > 0 ? at::addmm(bias, x, weight.t()) : at::mm(x, weight.t());
}

at::Tensor joined_biases(const at::Tensor& x, at::TensorList biases) {
  if (biases.empty()) return at::empty({0}, x.options());
  return (biases.size() == 1 ? biases[0] : at::cat(biases)).to(x.scalar_type());
}

struct MixedLinearFunction : torch::autograd::Function<MixedLinearFunction> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x_in, at::TensorList weights,
                            at::TensorList biases) {
    const at::Tensor x = x_in.contiguous(), weight = stacked_as(x, weights);
    context->save_for_backward({x, weight});
    context->saved_data["type"] = weights[0].scalar_type();
    std::vector<int64_t> rows;
    for (const auto& each : weights) rows.push_back(each.size(0));
    context->saved_data["rows"] = rows;
    context->saved_data["biases"] = static_cast<int64_t>(biases.size());
    return output_of(x, weight, joined_biases(x, biases));
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor gradient = gradients[0].contiguous();
    const auto type = context->saved_data["type"].toScalarType();
    const std::vector<int64_t> rows = context->saved_data["rows"].toIntVector();
    const size_t count = rows.size(), biases = static_cast<size_t>(context->saved_data["biases"].toInt());
    variable_list result(1 + count + biases);
    if (context->needs_input_grad(0)) result[0] = at::mm(gradient, saved[1]);
    if (!context->needs_input_grad(1)) return result;
    // Weights over one input learn together or not at all.
    const at::Tensor of_weights = product_as(type, gradient.t(), saved[0]);
    const at::Tensor of_biases = biases > 0 ? gradient.sum(0, /*keepdim=*/false, type) : at::Tensor();
    int64_t first = 0;
    for (size_t i = 0; i < count; ++i) {
      result[1 + i] = of_weights.narrow(0, first, rows[i]);
      if (biases > 0) result[1 + count + i] = of_biases.narrow(0, first, rows[i]);
      first += rows[i];
    }
    return result;
  }
};

}  // namespace

at::Tensor product_as(at::ScalarType type, const at::Tensor& a, const at::Tensor& b) {
  if (a.scalar_type() == type) return at::mm(a, b);
  return a.is_cuda() ? at::mm(a, b, type) : at::mm(a.to(type), b.to(type));
}

at::Tensor stacked_as(const at::Tensor& like, at::TensorList weights) {
  if (weights.size() == 1) return weights[0].detach().to(like.scalar_type());
  int64_t rows = 0;
  for (const auto& weight : weights) rows += weight.size(0);
  at::Tensor stacked = at::empty({rows, weights[0].size(1)}, like.options().requires_grad(false));
  rows = 0;
  for (const auto& weight : weights) {
    stacked.narrow(0, rows, weight.size(0)).copy_(weight.detach());
    rows += weight.size(0);
  }
  return stacked;
}

at::Tensor mixed_linear(const at::Tensor& x, at::TensorList weights, at::TensorList biases) {
  return MixedLinearFunction::apply(x, weights, biases);
}

}  // namespace gp
