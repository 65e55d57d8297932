#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include "ops/linear.h"
#include "ops/panel_linear.h"
#include "ops/weight_gradient.h"

namespace gp {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

at::Tensor joined(at::TensorList biases) { return biases.size() == 1 ? biases[0] : at::cat(biases); }

struct LinearFunction : torch::autograd::Function<LinearFunction> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x_in, at::TensorList weights,
                            at::TensorList biases) {
    const at::Tensor x = x_in.contiguous();
    variable_list saved{x};
    saved.insert(saved.end(), weights.begin(), weights.end());
    context->save_for_backward(std::move(saved));
    return panel_linear(x, TransposedWeights(weights), joined(biases));
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor gradient = gradients[0].contiguous(), &x = saved[0];
    const size_t count = saved.size() - 1;
    const at::TensorList weights = at::TensorList(saved).slice(1);
    variable_list result(1 + 2 * count);
    if (context->needs_input_grad(0)) result[0] = input_gradient(gradient, weights);
    if (!context->needs_input_grad(1)) return result;
    // Weights over one input learn together or not at all.
    WeightGradient of_all(gradient.size(1), x.size(1));
    of_all.add(x.size(0), gradient.const_data_ptr<float>(), x.const_data_ptr<float>());
    const at::Tensor of_weights = of_all.weight(), of_biases = of_all.bias();
    int64_t first = 0;
    for (size_t i = 0; i < count; ++i) {
      const int64_t rows = weights[i].size(0);
      result[1 + i] = of_weights.narrow(0, first, rows);
      result[1 + count + i] = of_biases.narrow(0, first, rows);
      first += rows;
    }
    return result;
  }
};

}  // namespace

at::Tensor input_gradient(const at::Tensor& gradient, at::TensorList weights) {
  const StackedWeights panels(weights);
  at::Tensor dx = at::empty({gradient.size(0), panels.columns()}, gradient.options());
  panel_product(gradient.size(0), gradient.const_data_ptr<float>(), gradient.size(1), panels,
                {dx.data_ptr<float>(), panels.columns()}, [](const Tile&) {});
  return dx;
}

at::Tensor linear_cpu(const at::Tensor& x, at::TensorList weights, at::TensorList biases, PanelCache* cache) {
  if (wants_gradient(x, weights)) return LinearFunction::apply(x, weights, biases);
  PanelCache none;
  return panel_linear(x.contiguous(), (cache != nullptr ? *cache : none).transposed(weights), joined(biases));
}

}  // namespace gp
