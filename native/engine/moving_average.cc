#include "engine/moving_average.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace gp {

MovingAverage::MovingAverage(const std::vector<ParameterGroup>& groups, double decay) : decay_(decay) {
  for (const auto& group : groups) {
    for (const auto& [name, tensor] : group.parameters) {
      weights_.push_back(tensor);
      average_.push_back(tensor.detach().clone());
    }
  }
}

void MovingAverage::update(int64_t step) {
  at::NoGradGuard no_gradient;
  const auto t = static_cast<double>(step);
  const double decay = std::min(decay_, (1 + t) / (10 + t));
  at::_foreach_lerp_(average_, weights_, 1 - decay);
}

void MovingAverage::restart() {
  at::NoGradGuard no_gradient;
  for (size_t i = 0; i < weights_.size(); ++i) average_[i].copy_(weights_[i]);
}

void MovingAverage::keep() const {
  at::NoGradGuard no_gradient;
  for (size_t i = 0; i < weights_.size(); ++i) weights_[i].copy_(average_[i]);
}

}  // namespace gp
