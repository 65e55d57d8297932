#include "ops/adamw_update.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <cmath>

#include "ops/dispatch.h"

namespace gp {
namespace {

bool takes_fast_path(const at::Tensor& tensor) {
  return takes_cpu_path(tensor) && tensor.scalar_type() == at::kFloat;
}

at::Tensor dense(const at::Tensor& gradient) { return gradient.is_sparse() ? gradient.to_dense() : gradient; }

/** The numbers of a gradient that may be other than zero. */
at::Tensor numbers(const at::Tensor& gradient) {
  return gradient.is_sparse() ? gradient._values() : gradient;
}

}  // namespace

void adamw_update(const std::vector<AdamWTarget>& targets, const AdamWUpdate& update) {
  if (targets.empty()) return;
  const bool fast = std::all_of(targets.begin(), targets.end(),
                                [](const AdamWTarget& target) { return takes_fast_path(target.parameter); });
  fast ? adamw_update_cpu(targets, update) : adamw_update_reference(targets, update);
}

void adamw_update_reference(const std::vector<AdamWTarget>& targets, const AdamWUpdate& update) {
  const at::NoGradGuard no_gradient;
  std::vector<at::Tensor> parameters, gradients, first, second, steps;
  for (const auto& target : targets) {
    parameters.push_back(target.parameter);
    gradients.push_back(dense(target.gradient));
    first.push_back(target.first_moment);
    second.push_back(target.second_moment);
    if (target.begun_rows.defined()) target.begun_rows.fill_(1);
  }
  const auto options = parameters[0].options().dtype(at::kFloat);
  std::optional<at::Tensor> scale;
  if (update.divisor != 1) scale = at::full({}, update.divisor, options);
  steps.assign(parameters.size(), at::full({}, update.step, options));
  at::_fused_adamw_(parameters, gradients, first, second, /*max_exp_avg_sqs=*/{}, steps, update.rate,
                    update.beta1, update.beta2, update.weight_decay, update.eps, /*amsgrad=*/false,
                    /*maximize=*/false, scale);
}

double gradient_norm(const std::vector<at::Tensor>& gradients) {
  const bool fast = std::all_of(gradients.begin(), gradients.end(), [](const at::Tensor& gradient) {
    return takes_fast_path(numbers(gradient));
  });
  return fast ? gradient_norm_cpu(gradients) : gradient_norm_reference(gradients);
}

double gradient_norm_reference(const std::vector<at::Tensor>& gradients) {
  const at::NoGradGuard no_gradient;
  std::vector<at::Tensor> all;
  for (const auto& gradient : gradients) all.push_back(numbers(gradient));
  return all.empty() ? 0 : at::stack(at::_foreach_norm(all, 2)).norm().item<double>();
}

}  // namespace gp
