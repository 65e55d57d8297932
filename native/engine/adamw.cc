#include "engine/adamw.h"

#include <ATen/ATen.h>

#include <map>

#include "engine/error.h"

namespace gp {
namespace {

bool ends_with(const std::string& text, const std::string& end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

bool is_bias_or_norm(const std::string& name) {
  return ends_with(name, ".bias") || name.find("LayerNorm") != std::string::npos;
}

}  // namespace

AdamW::AdamW(const Parameters& parameters, const AdamWOptions& options) : options_(options) {
  for (const bool head : {false, true}) {
    for (const bool exempt : {false, true}) {
      groups_.push_back({head, exempt ? 0.0 : options.weight_decay, {}, {}, {}, {}});
    }
  }
  for (const auto& [name, tensor] : parameters.all()) {
    const bool head = name.rfind("encoder.", 0) != 0;
    const bool exempt = !options.decay_all && is_bias_or_norm(name);
    Group& group = groups_[(head ? 2U : 0U) + (exempt ? 1U : 0U)];
    group.names.push_back(name);
    group.parameters.push_back(tensor);
    group.first_moments.push_back(at::zeros_like(tensor).requires_grad_(false));
    group.second_moments.push_back(at::zeros_like(tensor).requires_grad_(false));
  }
}

void AdamW::step(LearningRates rates) {
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
    steps.assign(parameters.size(), at::full({}, steps_, parameters[0].options().dtype(at::kFloat)));
    at::_fused_adamw_(parameters, gradients, first, second, /*max_exp_avg_sqs=*/{}, steps,
                      group.head ? rates.head : rates.encoder, options_.beta1, options_.beta2,
                      group.weight_decay, options_.eps, /*amsgrad=*/false, /*maximize=*/false);
  }
}

TensorMap AdamW::state() const {
  TensorMap state;
  for (const auto& group : groups_) {
    for (size_t i = 0; i < group.names.size(); ++i) {
      state.emplace_back("exp_avg." + group.names[i], group.first_moments[i]);
      state.emplace_back("exp_avg_sq." + group.names[i], group.second_moments[i]);
    }
  }
  return state;
}

void AdamW::restore(const TensorMap& state, int64_t steps) {
  const std::map<std::string, at::Tensor> by_name(state.begin(), state.end());
  const auto copy = [&](const std::string& name, const at::Tensor& target) {
    const auto found = by_name.find(name);
    if (found == by_name.end() || found->second.sizes() != target.sizes()) {
      throw Error("BAD_WEIGHTS", "The optimizer state does not fit the model: the tensor " + name +
                                     " is missing or of another shape; resume from another checkpoint.");
    }
    target.copy_(found->second);
  };
  at::NoGradGuard no_gradient;
  for (auto& group : groups_) {
    for (size_t i = 0; i < group.names.size(); ++i) {
      copy("exp_avg." + group.names[i], group.first_moments[i]);
      copy("exp_avg_sq." + group.names[i], group.second_moments[i]);
    }
  }
  steps_ = steps;
}

}  // namespace gp
