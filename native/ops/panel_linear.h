#pragma once

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>

#include "ops/panel_matrix.h"
#include "ops/panel_product.h"
#include "ops/simd.h"

// What linear layers by tile products share.

namespace gp {

/** Whether a backward pass may follow. */
inline bool wants_gradient(const at::Tensor& x, at::TensorList parameters) {
  if (!at::GradMode::is_enabled()) return false;
  return x.requires_grad() || std::any_of(parameters.begin(), parameters.end(),
                                          [](const at::Tensor& one) { return one.requires_grad(); });
}

/** Adds the bias to a tile of the result. */
inline void add_bias(const float* bias, const OutputMatrix& out, const Tile& tile) {
  for (int64_t r = 0; r < tile.rows; ++r)
    add_in_place(bias + tile.column, tile.columns, out.data + (tile.row + r) * out.stride + tile.column);
}

/** x [T, in] B + bias, as [T, out] */
template <typename Right>
at::Tensor panel_linear(const at::Tensor& x, const Right& right, const at::Tensor& bias) {
  at::Tensor y = at::empty({x.size(0), right.columns()}, x.options().requires_grad(false));
  const OutputMatrix out{y.data_ptr<float>(), right.columns()};
  const float* b = bias.const_data_ptr<float>();
  panel_product(x.size(0), x.const_data_ptr<float>(), x.size(1), right, out,
                [&](const Tile& tile) { add_bias(b, out, tile); });
  return y;
}

/** gradient [T, out] W, as [T, in], for weights below each other */
at::Tensor input_gradient(const at::Tensor& gradient, at::TensorList weights);

}  // namespace gp
