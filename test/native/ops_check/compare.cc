#include "compare.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "inputs.h"
#include "two_threads.h"

namespace gp::check {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
// Central differences err by h^2 f''' / 6 and by the rounding of f over h: at this step both lie below 1e-8.
constexpr double kStep = 3e-5;
constexpr int64_t kFewInputs = 64;

at::Tensor flat(const std::vector<at::Tensor>& tensors) {
  std::vector<at::Tensor> parts;
  for (const auto& tensor : tensors) parts.push_back(tensor.reshape({-1}));
  return at::cat(parts);
}

/** `inputs` with `step` (all of them, end to end) added. */
std::vector<at::Tensor> moved(const std::vector<at::Tensor>& inputs, const at::Tensor& step) {
  std::vector<at::Tensor> result;
  int64_t at = 0;
  for (const auto& input : inputs) {
    result.push_back(input.detach() + step.narrow(0, at, input.numel()).reshape(input.sizes()));
    at += input.numel();
  }
  return result;
}

std::vector<at::Tensor> as(at::ScalarType type, const std::vector<at::Tensor>& tensors) {
  std::vector<at::Tensor> converted;
  for (const auto& tensor : tensors) converted.push_back(tensor.to(type));
  return converted;
}

/** The weights of the sum that gradients are taken of. */
at::Tensor output_weights(const at::Tensor& value) {
  return random_tensor(value.sizes(), 77).to(value.scalar_type());
}

double slope_error(const Twins& twins, const at::Tensor& gradient) {
  const auto weighted_sum = [&](const at::Tensor& step) {
    const at::Tensor value = twins.fast(moved(twins.inputs, step));
    return (value * output_weights(value)).sum().item<double>();
  };
  const double size = std::max(gradient.norm().item<double>(), 1e-3);
  double worst = 0;
  const auto try_direction = [&](const at::Tensor& direction) {
    const double numeric = (weighted_sum(direction * kStep) - weighted_sum(direction * -kStep)) / (2 * kStep);
    const double error = std::abs(numeric - gradient.dot(direction).item<double>()) / size;
    worst = std::isnan(error) ? kInfinity : std::max(worst, error);
  };
  const double norm = gradient.norm().item<double>();
  if (norm > 0) try_direction(gradient / norm);
  const at::Tensor random = random_tensor(gradient.sizes(), 78);
  try_direction(random / random.norm());
  if (gradient.numel() <= kFewInputs) {
    const at::Tensor axes = at::eye(gradient.numel(), gradient.options());
    for (int64_t i = 0; i < gradient.numel(); ++i) try_direction(axes[i]);
  }
  return worst;
}

void check_float(Findings& findings, const char* what, const at::Tensor& fast, const at::Tensor& plain,
                 const at::Tensor& truth) {
  const double allowed = 4 * relative_error(plain, truth) + 16 * std::numeric_limits<float>::epsilon();
  findings.below(std::string("float ") + what, relative_error(fast, truth), allowed);
}

/** Bitwise the same with two threads as with one. */
void check_threads(Findings& findings, const Operation& operation, const std::vector<at::Tensor>& inputs,
                   const Outcome& alone) {
  const TwoThreads two_threads;
  const Outcome shared = differentiate(operation, inputs);
  findings.holds("two threads, same value", shared.value.equal(alone.value));
  findings.holds("two threads, same gradient", shared.gradient.equal(alone.gradient));
}

void check_double(Findings& findings, const Twins& twins) {
  const Outcome truth = differentiate(twins.reference, twins.inputs);
  const Outcome fast = differentiate(twins.fast, twins.inputs);
  findings.below("double value", relative_error(fast.value, truth.value), 1e-10);
  findings.below("double gradient", relative_error(fast.gradient, truth.gradient), 1e-10);
  findings.below("central differences", slope_error(twins, fast.gradient), 1e-6);
  check_threads(findings, twins.fast, twins.inputs, fast);
}

}  // namespace

double relative_error(const at::Tensor& found, const at::Tensor& expected) {
  if (found.sizes() != expected.sizes()) return kInfinity;
  if (expected.numel() == 0) return 0;
  const at::Tensor truth = expected.to(at::kDouble);
  const at::Tensor difference = (found.to(at::kDouble) - truth).abs();
  if (!difference.isfinite().all().item<bool>()) return kInfinity;
  const double size = truth.abs().max().item<double>();
  return difference.max().item<double>() / (size > 0 ? size : 1.0);
}

Outcome differentiate(const Operation& operation, const std::vector<at::Tensor>& inputs) {
  std::vector<at::Tensor> leaves;
  for (const auto& input : inputs) leaves.push_back(input.detach().clone().requires_grad_(true));
  const at::Tensor value = operation(leaves);
  value.backward(output_weights(value));
  std::vector<at::Tensor> gradients;
  for (const auto& leaf : leaves) gradients.push_back(leaf.grad());
  return {value.detach(), flat(gradients)};
}

void check_twins(Findings& findings, const Twins& twins) {
  if (!twins.float_only) check_double(findings, twins);
  // The truth is that of the rounded inputs: rounding them is not the operation's error.
  const std::vector<at::Tensor> single = as(at::kFloat, twins.inputs);
  const Outcome rounded = differentiate(twins.reference, as(at::kDouble, single));
  const Outcome plain = differentiate(twins.reference, single);
  const Outcome fast_single = differentiate(twins.fast, single);
  check_float(findings, "value", fast_single.value, plain.value, rounded.value);
  check_float(findings, "gradient", fast_single.gradient, plain.gradient, rounded.gradient);

  check_threads(findings, twins.fast, single, fast_single);
}

}  // namespace gp::check
