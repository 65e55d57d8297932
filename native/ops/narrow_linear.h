#pragma once

#include <ATen/core/Tensor.h>

#include <variant>

#include "ops/activation.h"
#include "ops/narrow_panels.h"
#include "ops/precision.h"

namespace gp {

/**
 * x W^T + b with weights of 8-bit integers; each row of x becomes integers from 0 to 255 with a scale and an
 * offset of its own. Float, CPU, no gradient.
 * @param x [T, in]
 * @param activation of the result, where there is one
 * @return [T, out]
 */
at::Tensor int8_linear(const at::Tensor& x, const Int8Weights& weights, const at::Tensor& bias,
                       const Activation* activation = nullptr);
/** The same in plain ATen: the integers, summed as float. */
at::Tensor int8_linear_reference(const at::Tensor& x, at::TensorList weights, const at::Tensor& bias);

/** The same with bfloat16 weights and inputs. */
at::Tensor bfloat16_linear(const at::Tensor& x, const NarrowPanels<c10::BFloat16>& weights,
                           const at::Tensor& bias, const Activation* activation = nullptr);
/** The same in plain ATen: rounded numbers, multiplied as float. */
at::Tensor bfloat16_linear_reference(const at::Tensor& x, at::TensorList weights, const at::Tensor& bias);

/** A linear layer, or several over the same input, for predictions alone. */
class NarrowLinear {
 public:
  /** @param precision kBfloat16 or kInt8, of which `has_precision` is true */
  NarrowLinear(Precision precision, at::TensorList weights, at::TensorList biases);
  /** @param x [T, in] @return [T, sum of out_n] */
  at::Tensor forward(const at::Tensor& x, const Activation* activation = nullptr) const;

 private:
  std::variant<Int8Weights, NarrowPanels<c10::BFloat16>> weights_;
  at::Tensor bias_;
};

}  // namespace gp
