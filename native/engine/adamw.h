#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "engine/parameter_groups.h"
#include "engine/training_options.h"
#include "ops/adamw_update.h"
#include "weights/weight_file.h"

namespace gp {

/** This step's learning rates: the head's parameters often want a larger one than a pretrained encoder. */
struct LearningRates {
  double encoder = 0;
  double head = 0;
};

/** The same on the device, scalars in single precision. */
struct DeviceRates {
  at::Tensor encoder;
  at::Tensor head;
};

/** AdamW over all groups, its state and its count of steps; what a step computes is in ops/adamw_update.h. */
class AdamW {
 public:
  AdamW(const std::vector<ParameterGroup>& groups, const AdamWOptions& options);

  /**
   * Updates every parameter that has a gradient: a dense or a coalesced sparse one. Not after a deferred
   * step.
   * @param divisor what gradients are divided by first, in the same pass; they may keep it or not
   */
  void step(LearningRates rates, double divisor = 1);

  /**
   * The same, decided on the device: gradients are dense, on CUDA, and nothing changes where `refused` is 1.
   * @param divisor, refused scalars in single precision
   */
  void deferred_step(const DeviceRates& rates, const at::Tensor& divisor, const at::Tensor& refused);

  /** Steps that were made; waits for a device that has some to make. */
  int64_t steps() const;
  /** To be called when the moments have been written to. */
  void moments_replaced(int64_t steps);
  /** The moments themselves by name, `exp_avg.` and `exp_avg_sq.` before the parameter's. */
  TensorMap moments() const;

 private:
  struct State {
    std::string name;
    /** Without a gradient but during a step; its begun rows are made with the first sparse gradient. */
    AdamWTarget target;
  };
  struct Group {
    bool head;
    double rate_factor;
    double weight_decay;
    std::vector<State> states;
  };

  AdamWOptions options_;
  std::vector<Group> groups_;
  int64_t steps_ = 0;
  /** The same number where steps are left to the device, which alone knows it then; undefined before. */
  at::Tensor device_steps_;
};

}  // namespace gp
