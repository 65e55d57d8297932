#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "engine/parameter_groups.h"
#include "engine/training_options.h"
#include "weights/weight_file.h"

namespace gp {

/** This step's learning rates: the head's parameters often want a larger one than a pretrained encoder. */
struct LearningRates {
  double encoder = 0;
  double head = 0;
};

/** Decoupled weight decay (Loshchilov and Hutter 2019, algorithm 2) through LibTorch's fused operator. */
class AdamW {
 public:
  AdamW(const std::vector<ParameterGroup>& groups, const AdamWOptions& options);

  /**
   * Updates every parameter that has a gradient.
   * @param divisor what gradients are divided by first, in the same pass; they may keep it or not
   */
  void step(LearningRates rates, double divisor = 1);

  int64_t steps() const { return steps_; }
  void set_steps(int64_t steps) { steps_ = steps; }
  /** The moments themselves by name, `exp_avg.` and `exp_avg_sq.` before the parameter's. */
  TensorMap moments() const;

 private:
  struct Group {
    bool head;
    double rate_factor;
    double weight_decay;
    std::vector<std::string> names;
    std::vector<at::Tensor> parameters, first_moments, second_moments;
  };

  AdamWOptions options_;
  std::vector<Group> groups_;
  int64_t steps_ = 0;
};

}  // namespace gp
