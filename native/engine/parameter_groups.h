#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "engine/training_options.h"
#include "model/parameters.h"

namespace gp {

/** Parameters that share a learning rate and a weight decay. */
struct ParameterGroup {
  /** Whether the head's learning rate applies, or the encoder's. */
  bool head = false;
  double rate_factor = 1;
  double weight_decay = 0;
  std::vector<std::pair<std::string, at::Tensor>> parameters;
};

/** Lets the parameters that the options freeze take no gradient, and all others take one. */
void freeze_parameters(const Parameters& parameters, const TrainingOptions& options);

/**
 * The parameters that take a gradient, in groups. Layer l of N has the rate factor decay^(N - 1 - l),
 * everything below the first layer decay^N, the head 1. Biases and LayerNorm have no weight decay unless
 * `decay_all`.
 */
std::vector<ParameterGroup> parameter_groups(const Parameters& parameters, int64_t layers,
                                             const TrainingOptions& options);

}  // namespace gp
