#pragma once

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include <functional>

#include "ops/scorer_dispatch.h"

namespace gp {

/**
 * Computes a number from factors and, where it is asked to, the derivative by each of them, into tensors of
 * zeros. Undefined gradients ask for the number alone.
 */
using ScalarOfFactors = std::function<double(const SpanFactors& factors, const FactorTensors& gradients)>;

/** A node of the graph for such a number: its gradient falls out of the forward pass, while the scores are in
 * the cache, and is kept instead of them. */
struct ScalarOfFactorsFunction : torch::autograd::Function<ScalarOfFactorsFunction> {
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& first,
                            const at::Tensor& second, const at::Tensor& third, const SpanFactors& kind,
                            const ScalarOfFactors& compute, bool wants_gradient) {
    const SpanFactors factors = contiguous(like(kind, {first, second, third}));
    const FactorTensors gradients = wants_gradient ? zero_gradients(factors) : FactorTensors{};
    const double value = compute(factors, gradients);
    if (wants_gradient) {
      for (size_t i = 0; i < gradients.size(); ++i) {
        if (gradients[i].defined()) context->saved_data[std::to_string(i)] = gradients[i];
      }
    }
    return at::scalar_tensor(value, first.options());
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::variable_list& incoming) {
    torch::autograd::variable_list gradients(6);
    // A batch of its own has the weight 1: then a pass over numbers by the million is saved.
    const bool whole = incoming[0].item<double>() == 1;
    for (size_t i = 0; i < std::tuple_size_v<FactorTensors>; ++i) {
      const auto kept = context->saved_data.find(std::to_string(i));
      if (kept == context->saved_data.end()) continue;
      gradients[i] = whole ? kept->second.toTensor() : kept->second.toTensor() * incoming[0];
    }
    return gradients;
  }
};

inline at::Tensor scalar_of_factors(const SpanFactors& factors, const ScalarOfFactors& compute) {
  FactorTensors tensors = tensors_of(factors);
  bool wants_gradient = false;
  for (auto& tensor : tensors) {
    if (!tensor.defined())
      tensor = at::empty({0}, tensors[0].options());  // autograd takes no undefined input
    wants_gradient |= tensor.requires_grad();
  }
  return ScalarOfFactorsFunction::apply(tensors[0], tensors[1], tensors[2], factors, compute,
                                        wants_gradient && at::GradMode::is_enabled());
}

}  // namespace gp
