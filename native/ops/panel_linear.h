#pragma once

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>

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
at::Tensor panel_linear(const at::Tensor& x, const PanelMatrix& panels, const at::Tensor& bias);

/** gradient [T, out] W, as [T, in], for weights below each other */
at::Tensor input_gradient(const at::Tensor& gradient, at::TensorList weights);

}  // namespace gp
