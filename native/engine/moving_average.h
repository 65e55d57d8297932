#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "engine/borrowed_values.h"
#include "engine/parameter_groups.h"

namespace gp {

/**
 * The exponential moving average of the weights over the steps of a training. After step t (from 1) it
 * becomes d * average + (1 - d) * weights with d = min(decay, (1 + t) / (10 + t)), the warm-up that
 * TensorFlow's ExponentialMovingAverage has with `num_updates`. Parameters that do not learn are left out.
 */
class MovingAverage {
 public:
  /** Begins with the parameters' values. */
  MovingAverage(const std::vector<ParameterGroup>& groups, double decay);

  void update(int64_t step);
  /** Begins anew with the parameters' values. */
  void restart();
  /** Gives the parameters the averaged values, until what it returns ends. */
  BorrowedValues in_place() const { return BorrowedValues(weights_, average_); }
  /** Gives them the averaged values for good. */
  void keep() const;

 private:
  double decay_;
  std::vector<at::Tensor> weights_;
  std::vector<at::Tensor> average_;
};

}  // namespace gp
