#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "model/parameters.h"
#include "weights/weight_file.h"

namespace gp {

struct AdamWOptions {
  double weight_decay = 0.01;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double eps = 1e-8;
  /** False exempts biases and LayerNorm parameters from weight decay. */
  bool decay_all = false;
};

/** This step's learning rates: the head's parameters often want a larger one than a pretrained encoder. */
struct LearningRates {
  double encoder = 0;
  double head = 0;
};

/** Decoupled weight decay (Loshchilov and Hutter 2019, algorithm 2) through LibTorch's fused operator. */
class AdamW {
 public:
  AdamW(const Parameters& parameters, const AdamWOptions& options);

  /** Updates every parameter that has a gradient. */
  void step(LearningRates rates);

  int64_t steps() const { return steps_; }
  /** The moments by name, `exp_avg.` and `exp_avg_sq.` before the parameter's. */
  TensorMap state() const;
  /** @throws Error BAD_WEIGHTS when a moment is missing or of another shape */
  void restore(const TensorMap& state, int64_t steps);

 private:
  struct Group {
    bool head;
    double weight_decay;
    std::vector<std::string> names;
    std::vector<at::Tensor> parameters, first_moments, second_moments;
  };

  AdamWOptions options_;
  std::vector<Group> groups_;
  int64_t steps_ = 0;
};

}  // namespace gp
