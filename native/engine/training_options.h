#pragma once

#include <cstdint>
#include <optional>

#include "model/loss_options.h"
#include "ops/precision.h"

namespace gp {

struct AdamWOptions {
  double weight_decay = 0.01;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double eps = 1e-8;
  /** False exempts biases and LayerNorm parameters from weight decay. */
  bool decay_all = false;
};

/** How far the word embeddings are moved against the model; see engine/adversarial.h. */
struct AdversarialOptions {
  /** Largest L2 norm of the perturbation, taken over the whole embedding matrix. */
  double epsilon = 1;
  /** L2 norm of one ascent. */
  double alpha = 1;
  /** Ascents of a step; one of alpha = epsilon is the fast gradient method. */
  int64_t steps = 1;
};

/** All that a training step does; whatever has no value or is false is left out. */
struct TrainingOptions {
  AdamWOptions adamw;
  /** Gradients are scaled down to this global L2 norm; 0 leaves them alone. */
  double max_grad_norm = 0;
  /** The learning rate of an encoder layer is this times that of the layer above; the embeddings are lowest.
   */
  double layer_decay = 1;
  bool frozen_embeddings = false;
  /** The lowest layers that do not learn, the embeddings with them; 0 for none. */
  int64_t frozen_layers = 0;
  /** Of the moving average of the weights; without a value there is none. */
  std::optional<double> average_decay;
  std::optional<AdversarialOptions> adversarial;
  LossOptions loss;
  /** Encoder layers keep their input only, and are computed again in the backward pass. */
  bool activation_checkpointing = false;
  /** On CUDA, steps are recorded by size and started as a whole (StepGraphs), where they can be. */
  bool graphs = false;
  /** Batches that do not fit into memory are computed in parts, halved until they do. */
  bool auto_micro_batch = false;
  /** What the products of linear layers are computed in: kFloat, kTf32 or kBfloat16. Weights and moments are
   * in single precision in any case. */
  Precision precision = Precision::kFloat;
};

}  // namespace gp
