#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <string>
#include <vector>

#include "report.h"

namespace gp::check {

/** Differentiable inputs in, one tensor out. */
using Operation = std::function<at::Tensor(const std::vector<at::Tensor>&)>;

/** A fused operation, its plain ATen twin, and double inputs of both. */
struct Twins {
  Operation fast;
  Operation reference;
  std::vector<at::Tensor> inputs;
  /** The fast one takes nothing but float. */
  bool float_only = false;
};

/** Largest |found - expected| over the largest |expected|; infinite where something is not a number. */
double relative_error(const at::Tensor& found, const at::Tensor& expected);

/** The output of an operation and the gradient of a fixed weighted sum of it by all inputs, end to end. */
struct Outcome {
  at::Tensor value;
  at::Tensor gradient;
};
Outcome differentiate(const Operation& operation, const std::vector<at::Tensor>& inputs);

/**
 * Everything that is asked of a fused operation:
 * - double: value and gradient equal the twin's within 1e-10;
 * - double: the gradient equals central differences within 1e-6, along itself, along a random direction and,
 * where there are few inputs, along each of them;
 * - float: the error against the double twin is at most four times that of the twin in float, which sums in
 * another order, and 16 units in the last place of the largest value, for exponentials are good to three;
 * - bitwise the same with one thread and with two, in float and in double.
 * What is said of double is left out where the operation takes float only.
 */
void check_twins(Findings& findings, const Twins& twins);

}  // namespace gp::check
