#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include "ops/linear.h"
#include "ops/linear_gradients.h"

namespace gp {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

bool wants_gradient(const at::Tensor& x, at::TensorList parameters) {
  if (!at::GradMode::is_enabled()) return false;
  if (x.requires_grad()) return true;
  return std::any_of(parameters.begin(), parameters.end(),
                     [](const at::Tensor& parameter) { return parameter.requires_grad(); });
}

at::Tensor joined(at::TensorList biases) { return biases.size() == 1 ? biases[0] : at::cat(biases); }

struct LinearFunction : torch::autograd::Function<LinearFunction> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x_in, at::TensorList weights,
                            at::TensorList biases) {
    const at::Tensor x = x_in.contiguous();
    variable_list saved{x};
    saved.insert(saved.end(), weights.begin(), weights.end());
    context->save_for_backward(std::move(saved));
    return panel_linear(x, panels_of_transposed(weights), joined(biases));
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
    const at::Tensor of_weights = weight_gradient(gradient, x), of_biases = bias_gradient(gradient);
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

/** h = activation(u), tile by tile as u = x W_1^T + b_1 is made; u is written where it is wanted. */
at::Tensor inner_layer(const at::Tensor& x, const PanelMatrix& panels, const at::Tensor& bias,
                       Activation activation, at::Tensor* before) {
  const int64_t rows = x.size(0), inner = panels.columns();
  at::Tensor h = at::empty({rows, inner}, x.options().requires_grad(false));
  if (before != nullptr) *before = at::empty_like(h);
  const OutputMatrix out{before != nullptr ? before->data_ptr<float>() : h.data_ptr<float>(), inner};
  float* activated = h.data_ptr<float>();
  const float* b = bias.const_data_ptr<float>();
  panel_product(rows, x.const_data_ptr<float>(), x.size(1), panels, out, [&](const Tile& tile) {
    add_bias(b, out, tile);
    for (int64_t r = 0; r < tile.rows; ++r) {
      const int64_t at = (tile.row + r) * inner + tile.column;
      activate(activation, out.data + at, tile.columns, activated + at);
    }
  });
  return h;
}

struct FeedForwardFunction : torch::autograd::Function<FeedForwardFunction> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x_in, const at::Tensor& inner_weight,
                            const at::Tensor& inner_bias, const at::Tensor& outer_weight,
                            const at::Tensor& outer_bias, int64_t activation) {
    const at::Tensor x = x_in.contiguous();
    at::Tensor before;
    const at::Tensor h = inner_layer(x, panels_of_transposed({inner_weight}), inner_bias,
                                     static_cast<Activation>(activation), &before);
    context->save_for_backward({x, inner_weight, outer_weight, before});
    context->saved_data["activation"] = activation;
    return panel_linear(h, panels_of_transposed({outer_weight}), outer_bias);
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &x = saved[0], &inner_weight = saved[1], &outer_weight = saved[2], &before = saved[3];
    const auto activation = static_cast<Activation>(context->saved_data["activation"].toInt());
    const at::Tensor gradient = gradients[0].contiguous();
    const int64_t rows = x.size(0), inner = before.size(1);
    // The inner layer is activated again beside the slope, which takes the same exponentials.
    at::Tensor h = at::empty_like(before), slope = at::empty_like(before);
    const float* u = before.const_data_ptr<float>();
    float* activated = h.data_ptr<float>();
    const OutputMatrix out{slope.data_ptr<float>(), inner};
    panel_product(rows, gradient.const_data_ptr<float>(), gradient.size(1), panels_of({outer_weight}), out,
                  [&](const Tile& tile) {
                    for (int64_t r = 0; r < tile.rows; ++r) {
                      const int64_t at = (tile.row + r) * inner + tile.column;
                      activate_backward(activation, u + at, tile.columns, activated + at, out.data + at);
                    }
                  });
    variable_list result(6);
    if (context->needs_input_grad(3)) {
      result[3] = weight_gradient(gradient, h);
      result[4] = bias_gradient(gradient);
    }
    h.reset();
    if (context->needs_input_grad(1)) {
      result[1] = weight_gradient(slope, x);
      result[2] = bias_gradient(slope);
    }
    if (context->needs_input_grad(0)) result[0] = input_gradient(slope, {inner_weight});
    return result;
  }
};

}  // namespace

at::Tensor panel_linear(const at::Tensor& x, const PanelMatrix& panels, const at::Tensor& bias) {
  at::Tensor y = at::empty({x.size(0), panels.columns()}, x.options().requires_grad(false));
  const OutputMatrix out{y.data_ptr<float>(), panels.columns()};
  const float* b = bias.const_data_ptr<float>();
  panel_product(x.size(0), x.const_data_ptr<float>(), x.size(1), panels, out,
                [&](const Tile& tile) { add_bias(b, out, tile); });
  return y;
}

at::Tensor input_gradient(const at::Tensor& gradient, at::TensorList weights) {
  const PanelMatrix panels = panels_of(weights);
  at::Tensor dx = at::empty({gradient.size(0), panels.columns()}, gradient.options());
  panel_product(gradient.size(0), gradient.const_data_ptr<float>(), gradient.size(1), panels,
                {dx.data_ptr<float>(), panels.columns()}, [](const Tile&) {});
  return dx;
}

at::Tensor weight_gradient(const at::Tensor& gradient, const at::Tensor& x) {
  at::Tensor out = at::empty({gradient.size(1), x.size(1)}, gradient.options());
  gradient_product(gradient.size(0), gradient.const_data_ptr<float>(), gradient.size(1),
                   x.const_data_ptr<float>(), x.size(1), out.data_ptr<float>());
  return out;
}

at::Tensor bias_gradient(const at::Tensor& gradient) {
  at::Tensor out = at::empty({gradient.size(1)}, gradient.options());
  column_sums(gradient.size(0), gradient.const_data_ptr<float>(), gradient.size(1), out.data_ptr<float>());
  return out;
}

at::Tensor linear_cpu(const at::Tensor& x, at::TensorList weights, at::TensorList biases, PanelCache* cache) {
  if (wants_gradient(x, weights)) return LinearFunction::apply(x, weights, biases);
  PanelCache none;
  return panel_linear(x.contiguous(), (cache != nullptr ? *cache : none).transposed(weights), joined(biases));
}

at::Tensor feed_forward_cpu(const at::Tensor& x, const FeedForwardWeights& weights, Activation activation,
                            FeedForwardCache* cache) {
  const auto& [inner_weight, inner_bias, outer_weight, outer_bias] = weights;
  if (wants_gradient(x, {inner_weight, inner_bias, outer_weight, outer_bias})) {
    return FeedForwardFunction::apply(x, inner_weight, inner_bias, outer_weight, outer_bias,
                                      static_cast<int64_t>(activation));
  }
  FeedForwardCache none;
  FeedForwardCache& panels = cache != nullptr ? *cache : none;
  const at::Tensor h =
      inner_layer(x.contiguous(), panels.inner.transposed({inner_weight}), inner_bias, activation, nullptr);
  return panel_linear(h, panels.outer.transposed({outer_weight}), outer_bias);
}

}  // namespace gp
