#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include "ops/linear.h"
#include "ops/panel_linear.h"
#include "ops/weight_gradient.h"

namespace gp {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// The inner layer is several times as wide as all else, and is worked on in parts of about this size: small
// enough for the last-level cache, where it is read again at once; large enough that reading the weights for
// each costs little.
constexpr int64_t kPartBytes = int64_t{8} << 20;

/** Rows of a part, nearly the same for all. */
int64_t rows_of_part(int64_t rows, int64_t inner) {
  const int64_t most = std::max(kTileProductRows, kPartBytes / (inner * static_cast<int64_t>(sizeof(float))));
  return filled_up(parts_of(rows, parts_of(rows, most)), kTileProductRows);
}

/** Calls visit(first row, rows) for every part. */
template <typename Visit>
void for_parts(int64_t rows, int64_t inner, const Visit& visit) {
  const int64_t part = rows_of_part(rows, inner);
  for (int64_t first = 0; first < rows; first += part) visit(first, std::min(part, rows - first));
}

/** The block's output; u = x W_1^T + b_1 is kept where `before` [T, inner] is defined. */
template <typename Right>
at::Tensor output_of(const at::Tensor& x, const FeedForwardWeights& weights, const Right& inner_right,
                     const Right& outer_right, Activation activation, Precision precision,
                     const at::Tensor& before) {
  const int64_t rows = x.size(0), in = x.size(1), inner = inner_right.columns(), out = outer_right.columns();
  at::Tensor y = at::empty({rows, out}, x.options().requires_grad(false));
  const at::Tensor part = at::empty({std::min(rows, rows_of_part(rows, inner)), inner}, y.options());
  float* const activated = part.data_ptr<float>();
  float* const kept = before.defined() ? before.data_ptr<float>() : nullptr;
  const float *inner_bias = weights.inner_bias.const_data_ptr<float>(),
              *outer_bias = weights.outer_bias.const_data_ptr<float>();
  for_parts(rows, inner, [&](int64_t first, int64_t count) {
    const OutputMatrix u{kept != nullptr ? kept + first * inner : activated, inner};
    panel_product_in(precision, count, x.const_data_ptr<float>() + first * in, inner_right, u,
                     [&](const Tile& tile) {
                       add_bias(inner_bias, u, tile);
                       for (int64_t r = 0; r < tile.rows; ++r) {
                         const int64_t at = (tile.row + r) * inner + tile.column;
                         activate(activation, u.data + at, tile.columns, activated + at);
                       }
                     });
    const OutputMatrix result{y.data_ptr<float>() + first * out, out};
    panel_product_in(precision, count, activated, outer_right, result,
                     [&](const Tile& tile) { add_bias(outer_bias, result, tile); });
  });
  return y;
}

struct FeedForwardFunction : torch::autograd::Function<FeedForwardFunction> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x_in, const at::Tensor& inner_weight,
                            const at::Tensor& inner_bias, const at::Tensor& outer_weight,
                            const at::Tensor& outer_bias, int64_t activation, int64_t precision) {
    const at::Tensor x = x_in.contiguous();
    const at::Tensor before = at::empty({x.size(0), inner_weight.size(0)}, x.options().requires_grad(false));
    context->save_for_backward({x, inner_weight, outer_weight, before});
    context->saved_data["activation"] = activation;
    context->saved_data["precision"] = precision;
    return output_of(x, {inner_weight, inner_bias, outer_weight, outer_bias}, TransposedWeights(inner_weight),
                     TransposedWeights(outer_weight), static_cast<Activation>(activation),
                     static_cast<Precision>(precision), before);
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &x = saved[0], &inner_weight = saved[1], &outer_weight = saved[2], &before = saved[3];
    const auto activation = static_cast<Activation>(context->saved_data["activation"].toInt());
    const auto precision = static_cast<Precision>(context->saved_data["precision"].toInt());
    const bool learns = context->needs_input_grad(1), passes_on = context->needs_input_grad(0);
    const at::Tensor gradient = gradients[0].contiguous();
    const int64_t rows = x.size(0), in = x.size(1), inner = before.size(1), out = gradient.size(1);
    const StackedWeights outer_right(outer_weight), inner_right(inner_weight);
    at::Tensor dx = passes_on ? at::empty_like(x).requires_grad_(false) : at::Tensor();
    WeightGradient inner_gradient(inner, in, precision), outer_gradient(out, inner, precision);
    const at::Tensor parts =
        at::empty({2, std::min(rows, rows_of_part(rows, inner)), inner}, x.options().requires_grad(false));
    float *const h = parts[0].data_ptr<float>(), *const slope = parts[1].data_ptr<float>();
    for_parts(rows, inner, [&](int64_t first, int64_t count) {
      const float* u = before.const_data_ptr<float>() + first * inner;
      const float* g = gradient.const_data_ptr<float>() + first * out;
      const float* input = x.const_data_ptr<float>() + first * in;
      // The inner layer is activated again beside the slope, which takes the same exponentials.
      panel_product_in(precision, count, g, outer_right, {slope, inner}, [&](const Tile& tile) {
        for (int64_t r = 0; r < tile.rows; ++r) {
          const int64_t at = (tile.row + r) * inner + tile.column;
          activate_backward(activation, u + at, tile.columns, h + at, slope + at);
        }
      });
      if (learns) {
        outer_gradient.add(count, g, h);
        inner_gradient.add(count, slope, input);
      }
      if (passes_on) {
        panel_product_in(precision, count, slope, inner_right, {dx.data_ptr<float>() + first * in, in},
                         [](const Tile&) {});
      }
    });
    if (!learns)
      return {dx, at::Tensor(), at::Tensor(), at::Tensor(), at::Tensor(), at::Tensor(), at::Tensor()};
    return {dx,
            inner_gradient.weight(),
            inner_gradient.bias(),
            outer_gradient.weight(),
            outer_gradient.bias(),
            at::Tensor(),
            at::Tensor()};
  }
};

}  // namespace

at::Tensor feed_forward_cpu(const at::Tensor& x, const FeedForwardWeights& weights, Activation activation,
                            FeedForwardCache* cache, Precision learning) {
  const auto& [inner_weight, inner_bias, outer_weight, outer_bias] = weights;
  if (wants_gradient(x, {inner_weight, inner_bias, outer_weight, outer_bias})) {
    return FeedForwardFunction::apply(x, inner_weight, inner_bias, outer_weight, outer_bias,
                                      static_cast<int64_t>(activation), static_cast<int64_t>(learning));
  }
  const at::Tensor input = x.contiguous();
  if (cache != nullptr) {
    return output_of(input, weights, cache->inner.transposed({inner_weight}),
                     cache->outer.transposed({outer_weight}), activation, Precision::kFloat, {});
  }
  return output_of(input, weights, TransposedWeights(inner_weight), TransposedWeights(outer_weight),
                   activation, learning, {});
}

}  // namespace gp
