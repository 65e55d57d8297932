#pragma once

#include <ATen/core/Tensor.h>

#include "ops/panel_product.h"
#include "ops/simd.h"

namespace gp {

/** Adds the bias to a tile of the result. */
inline void add_bias(const float* bias, const OutputMatrix& out, const Tile& tile) {
  for (int64_t r = 0; r < tile.rows; ++r)
    add_in_place(bias + tile.column, tile.columns, out.data + (tile.row + r) * out.stride + tile.column);
}

/** x [T, in] B + bias, as [T, out] */
at::Tensor panel_linear(const at::Tensor& x, const PanelMatrix& panels, const at::Tensor& bias);

/** gradient [T, out] W, as [T, in], for weights below each other */
at::Tensor input_gradient(const at::Tensor& gradient, at::TensorList weights);

/** gradient^T x, as [out, in] */
at::Tensor weight_gradient(const at::Tensor& gradient, const at::Tensor& x);

/** Sums of the columns, [out] */
at::Tensor bias_gradient(const at::Tensor& gradient);

}  // namespace gp
