#include "engine/adamw.h"

#include <ATen/ATen.h>

namespace gp {
namespace {

/** The rows that have had a gradient, of a parameter [rows, ...]: those with a moment that is not zero. */
at::Tensor rows_begun(const at::Tensor& first_moment, const at::Tensor& second_moment) {
  const at::Tensor begun = first_moment.ne(0).logical_or(second_moment.ne(0));  // [rows, ...]
  return begun.flatten(1).any(1).to(at::kByte);
}

}  // namespace

AdamW::AdamW(const std::vector<ParameterGroup>& groups, const AdamWOptions& options) : options_(options) {
  for (const auto& from : groups) {
    Group& group = groups_.emplace_back(Group{from.head, from.rate_factor, from.weight_decay, {}});
    for (const auto& [name, tensor] : from.parameters) {
      const at::Tensor first = at::zeros_like(tensor).requires_grad_(false), second = at::zeros_like(first);
      group.states.push_back({name, {tensor, {}, first, second, {}}});
    }
  }
}

void AdamW::step(LearningRates rates, double divisor) {
  at::NoGradGuard no_gradient;
  ++steps_;
  for (auto& group : groups_) {
    std::vector<AdamWTarget> targets;
    for (auto& [name, target] : group.states) {
      const at::Tensor& gradient = target.parameter.grad();
      if (!gradient.defined()) continue;
      if (gradient.is_sparse() && !target.begun_rows.defined())
        target.begun_rows = rows_begun(target.first_moment, target.second_moment);
      targets.push_back(target);
      targets.back().gradient = gradient;
    }
    adamw_update(targets, {(group.head ? rates.head : rates.encoder) * group.rate_factor, group.weight_decay,
                           options_.beta1, options_.beta2, options_.eps, steps_, divisor});
  }
}

void AdamW::deferred_step(const DeviceRates& rates, const at::Tensor& divisor, const at::Tensor& refused) {
  at::NoGradGuard no_gradient;
  if (!device_steps_.defined()) device_steps_ = at::full_like(refused, steps_);
  const at::Tensor next = device_steps_ + 1;
  for (auto& group : groups_) {
    std::vector<at::Tensor> parameters, gradients, first, second;
    for (auto& [name, target] : group.states) {
      if (!target.parameter.grad().defined()) continue;
      parameters.push_back(target.parameter);
      gradients.push_back(target.parameter.grad());
      first.push_back(target.first_moment);
      second.push_back(target.second_moment);
    }
    if (parameters.empty()) continue;
    const std::vector<at::Tensor> steps(parameters.size(), next);
    const at::Tensor rate = (group.head ? rates.head : rates.encoder) * group.rate_factor;
    at::_fused_adamw_(parameters, gradients, first, second, /*max_exp_avg_sqs=*/{}, steps, rate,
                      options_.beta1, options_.beta2, group.weight_decay, options_.eps, /*amsgrad=*/false,
                      /*maximize=*/false, divisor, refused);
  }
  device_steps_.copy_(next - refused);
}

int64_t AdamW::steps() const {
  return device_steps_.defined() ? static_cast<int64_t>(device_steps_.item<double>()) : steps_;
}

void AdamW::moments_replaced(int64_t steps) {
  steps_ = steps;
  device_steps_ = at::Tensor();
  for (auto& group : groups_) {
    for (auto& state : group.states) state.target.begun_rows = at::Tensor();
  }
}

TensorMap AdamW::moments() const {
  TensorMap moments;
  for (const auto& group : groups_) {
    for (const auto& state : group.states) {
      moments.emplace_back("exp_avg." + state.name, state.target.first_moment);
      moments.emplace_back("exp_avg_sq." + state.name, state.target.second_moment);
    }
  }
  return moments;
}

}  // namespace gp
