#include "engine/parameter_groups.h"

#include <algorithm>
#include <cmath>
#include <optional>

namespace gp {
namespace {

const std::string kLayer = "encoder.encoder.layer.";

bool begins_with(const std::string& text, const std::string& beginning) {
  return text.compare(0, beginning.size(), beginning) == 0;
}

bool ends_with(const std::string& text, const std::string& end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

bool is_bias_or_norm(const std::string& name) {
  return ends_with(name, ".bias") || name.find("LayerNorm") != std::string::npos;
}

/** 0 below the first encoder layer, l + 1 in layer l; no value for the head. */
std::optional<int64_t> encoder_depth(const std::string& name) {
  if (!is_encoder_parameter(name)) return std::nullopt;
  return begins_with(name, kLayer) ? std::stoll(name.substr(kLayer.size())) + 1 : 0;
}

bool is_frozen(const std::string& name, const TrainingOptions& options) {
  const std::optional<int64_t> depth = encoder_depth(name);
  if (!depth) return false;
  return options.frozen_layers > 0 ? *depth <= options.frozen_layers
                                   : options.frozen_embeddings && *depth == 0;
}

}  // namespace

void freeze_parameters(const Parameters& parameters, const TrainingOptions& options) {
  for (const auto& [name, tensor] : parameters.all()) tensor.set_requires_grad(!is_frozen(name, options));
}

std::vector<ParameterGroup> parameter_groups(const Parameters& parameters, int64_t layers,
                                             const TrainingOptions& options) {
  std::vector<ParameterGroup> groups;
  for (const auto& [name, tensor] : parameters.all()) {
    if (!tensor.requires_grad()) continue;
    const std::optional<int64_t> depth = encoder_depth(name);
    const bool head = !depth;
    const double factor = head ? 1.0 : std::pow(options.layer_decay, static_cast<double>(layers - *depth));
    const bool exempt = !options.adamw.decay_all && is_bias_or_norm(name);
    const double decay = exempt ? 0.0 : options.adamw.weight_decay;
    auto group = std::find_if(groups.begin(), groups.end(), [&](const ParameterGroup& known) {
      return known.head == head && known.rate_factor == factor && known.weight_decay == decay;
    });
    if (group == groups.end()) group = groups.insert(group, {head, factor, decay, {}});
    group->parameters.emplace_back(name, tensor);
  }
  return groups;
}

}  // namespace gp
