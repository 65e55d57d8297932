#include "ops/adamw_update.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>

#include "ops/dispatch.h"

namespace gp {
namespace {

bool takes_fast_path(const at::Tensor& tensor) {
  return takes_cpu_path(tensor) && tensor.scalar_type() == at::kFloat;
}

at::Tensor dense(const at::Tensor& gradient) { return gradient.is_sparse() ? gradient.to_dense() : gradient; }

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
    if (target.begun_rows.defined()) target.begun_rows.fill_(1);  // as far as is known
  }
  const auto options = parameters[0].options().dtype(at::kFloat);
  std::optional<at::Tensor> scale;
  if (update.divisor != 1) scale = at::full({}, update.divisor, options);
  steps.assign(parameters.size(), at::full({}, update.step, options));
  at::_fused_adamw_(parameters, gradients, first, second, /*max_exp_avg_sqs=*/{}, steps, update.rate,
                    update.beta1, update.beta2, update.weight_decay, update.eps, /*amsgrad=*/false,
                    /*maximize=*/false, scale);
}

}  // namespace gp
