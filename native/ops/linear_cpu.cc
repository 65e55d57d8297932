#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include "ops/linear.h"
#include "ops/panel_linear.h"
#include "ops/weight_gradient.h"

namespace gp {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/** gradient [T, out] W, as [T, in], for weights below each other */
at::Tensor input_gradient(const at::Tensor& gradient, at::TensorList weights, Precision precision) {
  const StackedWeights right(weights);
  at::Tensor dx = at::empty({gradient.size(0), right.columns()}, gradient.options());
  panel_product_in(precision, gradient.size(0), gradient.const_data_ptr<float>(), right,
                   {dx.data_ptr<float>(), right.columns()}, [](const Tile&) {});
  return dx;
}

struct LinearFunction : torch::autograd::Function<LinearFunction> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x_in, at::TensorList weights,
                            at::TensorList biases, int64_t precision) {
    const at::Tensor x = x_in.contiguous();
    context->saved_data["precision"] = precision;
    variable_list saved{x};
    saved.insert(saved.end(), weights.begin(), weights.end());
    context->save_for_backward(std::move(saved));
    return panel_linear(x, TransposedWeights(weights), joined(biases), static_cast<Precision>(precision));
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor gradient = gradients[0].contiguous(), &x = saved[0];
    const size_t count = saved.size() - 1;
    const at::TensorList weights = at::TensorList(saved).slice(1);
    const auto precision = static_cast<Precision>(context->saved_data["precision"].toInt());
    variable_list result(2 + 2 * count);
    if (context->needs_input_grad(0)) result[0] = input_gradient(gradient, weights, precision);
    if (!context->needs_input_grad(1)) return result;
    // Weights over one input learn together or not at all.
    WeightGradient of_all(gradient.size(1), x.size(1), precision);
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

at::Tensor linear_cpu(const at::Tensor& x, at::TensorList weights, at::TensorList biases, PanelCache* cache,
                      Precision learning) {
  if (wants_gradient(x, weights))
    return LinearFunction::apply(x, weights, biases, static_cast<int64_t>(learning));
  if (cache != nullptr)
    return panel_linear(x.contiguous(), cache->transposed(weights), joined(biases), Precision::kFloat);
  return panel_linear(x.contiguous(), TransposedWeights(weights), joined(biases), learning);
}

}  // namespace gp
