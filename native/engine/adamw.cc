#include "engine/adamw.h"

#include <ATen/ATen.h>

namespace gp {

AdamW::AdamW(const std::vector<ParameterGroup>& groups, const AdamWOptions& options) : options_(options) {
  for (const auto& from : groups) {
    Group& group =
        groups_.emplace_back(Group{from.head, from.rate_factor, from.weight_decay, {}, {}, {}, {}});
    for (const auto& [name, tensor] : from.parameters) {
      group.names.push_back(name);
      group.parameters.push_back(tensor);
      group.first_moments.push_back(at::zeros_like(tensor).requires_grad_(false));
      group.second_moments.push_back(at::zeros_like(tensor).requires_grad_(false));
    }
  }
}

void AdamW::step(LearningRates rates, double divisor) {
  at::NoGradGuard no_gradient;
  ++steps_;
  for (auto& group : groups_) {
    std::vector<at::Tensor> parameters, gradients, first, second, steps;
    for (size_t i = 0; i < group.parameters.size(); ++i) {
      const at::Tensor& gradient = group.parameters[i].grad();
      if (!gradient.defined()) continue;
      parameters.push_back(group.parameters[i]);
      gradients.push_back(gradient);
      first.push_back(group.first_moments[i]);
      second.push_back(group.second_moments[i]);
    }
    if (parameters.empty()) continue;
    std::optional<at::Tensor> scale;
    if (divisor != 1) scale = at::full({}, divisor, parameters[0].options().dtype(at::kFloat));
    steps.assign(parameters.size(), at::full({}, steps_, parameters[0].options().dtype(at::kFloat)));
    at::_fused_adamw_(parameters, gradients, first, second, /*max_exp_avg_sqs=*/{}, steps,
                      (group.head ? rates.head : rates.encoder) * group.rate_factor, options_.beta1,
                      options_.beta2, group.weight_decay, options_.eps, /*amsgrad=*/false,
                      /*maximize=*/false, scale);
  }
}

TensorMap AdamW::moments() const {
  TensorMap moments;
  for (const auto& group : groups_) {
    for (size_t i = 0; i < group.names.size(); ++i) {
      moments.emplace_back("exp_avg." + group.names[i], group.first_moments[i]);
      moments.emplace_back("exp_avg_sq." + group.names[i], group.second_moments[i]);
    }
  }
  return moments;
}

}  // namespace gp
