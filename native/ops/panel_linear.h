#pragma once

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>

#include "ops/bfloat16_rows.h"
#include "ops/panel_matrix.h"
#include "ops/panel_product.h"
#include "ops/precision.h"
#include "ops/simd.h"

// What linear layers by tile products share.

namespace gp {

/** Whether a backward pass may follow. */
inline bool wants_gradient(const at::Tensor& x, at::TensorList parameters) {
  if (!at::GradMode::is_enabled()) return false;
  return x.requires_grad() || std::any_of(parameters.begin(), parameters.end(),
                                          [](const at::Tensor& one) { return one.requires_grad(); });
}

/** Tensors side by side along their first dimension. */
inline at::Tensor joined(at::TensorList tensors) {
  return tensors.size() == 1 ? tensors[0] : at::cat(tensors);
}

/** Adds the bias to a tile of the result. */
inline void add_bias(const float* bias, const OutputMatrix& out, const Tile& tile) {
  for (int64_t r = 0; r < tile.rows; ++r)
    add_in_place(bias + tile.column, tile.columns, out.data + (tile.row + r) * out.stride + tile.column);
}

/** C = A B of numbers in A [rows, B's depth] end to end, which are rounded first where `precision` says so.
 */
template <typename Right, typename Finish>
void panel_product_in(Precision precision, int64_t rows, const float* a, const Right& right, OutputMatrix c,
                      const Finish& finish) {
  if constexpr (Right::kCopies) {  // what is kept of weights is in single precision
    if (precision == Precision::kBfloat16) {
      const at::Tensor rounded = rounded_rows(a, rows, right.depth());
      return panel_product(rows, static_cast<const c10::BFloat16*>(rounded.const_data_ptr()), rounded.size(1),
                           right, c, finish);
    }
  }
  panel_product(rows, a, right.depth(), right, c, finish);
}

/** x [T, in] B + bias, as [T, out] */
template <typename Right>
at::Tensor panel_linear(const at::Tensor& x, const Right& right, const at::Tensor& bias,
                        Precision precision) {
  at::Tensor y = at::empty({x.size(0), right.columns()}, x.options().requires_grad(false));
  const OutputMatrix out{y.data_ptr<float>(), right.columns()};
  const float* b = bias.const_data_ptr<float>();
  panel_product_in(precision, x.size(0), x.const_data_ptr<float>(), right, out,
                   [&](const Tile& tile) { add_bias(b, out, tile); });
  return y;
}

}  // namespace gp
