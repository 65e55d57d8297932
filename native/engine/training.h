#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "engine/adamw.h"
#include "engine/labelled_batch.h"
#include "engine/moving_average.h"
#include "engine/pending_step.h"
#include "engine/step_graphs.h"
#include "engine/training_options.h"
#include "model/model.h"

namespace gp {

/** What learns a model: optimizer, moving average, and how a step is made. */
class Training {
 public:
  /** Freezes what the options freeze. @param model outlives it */
  Training(Model& model, const TrainingOptions& options);

  /**
   * One optimizer step on the union of the batches, of which one at a time is in memory.
   * On CUDA the device may not have come to its end when this returns, unless there is a moving average or a
   * perturbation of the embeddings.
   * @param random moves on only with the weights; where the host cannot tell, in any case
   * @throws Error OUT_OF_MEMORY when the batches do not fit, and may not be taken in smaller parts or are
   * single sequences already; nothing is changed then
   */
  PendingStep begin_step(const std::vector<LabelledBatch>& batches, LearningRates rates,
                         RandomStream& random);

  /** Gives the model its averaged weights, where there is an average, until what it returns ends. */
  BorrowedValues averaged() const;
  /** What products are computed in. */
  Precision precision() const { return options_.precision; }
  /** The model has got other weights: the average begins anew. */
  void weights_replaced();
  /** Steps that are recorded (StepGraphs); 0 where none are to be. */
  int64_t recorded_steps() const { return graphs_ ? graphs_->recorded() : 0; }
  /** The model keeps its averaged weights for good: to be called before another training takes over. */
  void keep_average() const;

  /** Moments, step count and random state, and beside an average the weights themselves. */
  void save(const std::string& path, const RandomStream& random) const;
  /**
   * The same back; the average is that of the model at hand. Nothing changes when it throws.
   * @throws Error BAD_WEIGHTS when the file was made with other options or for another model
   */
  void load(const std::string& path, RandomStream& random);

 private:
  /** Mean loss of one batch with its graph. */
  at::Tensor batch_loss(const LabelledBatch& labelled, RandomStream& random,
                        const LossOptions& options) const;
  /** What is done with a loss whose gradient counts `weight`. */
  using Backward = std::function<void(const at::Tensor& loss, const at::Tensor& weight)>;
  /** Mean loss over all batches; ends early with one that is not finite. */
  double pass(const std::vector<LabelledBatch>& batches, RandomStream& random,
              const Backward& backward) const;
  /** Adds the gradient of that loss to what the parameters have. */
  double add_gradients(const std::vector<LabelledBatch>& batches, RandomStream& random) const;
  /** Adds the gradient of the loss with perturbed embeddings; false when that loss is not finite. */
  bool add_adversarial_gradients(const std::vector<LabelledBatch>& batches, RandomStream& random) const;
  /** Whether steps are left to the device. */
  bool defers() const;
  /** The step itself, when the batches fit. */
  PendingStep attempt(const std::vector<LabelledBatch>& batches, LearningRates rates, RandomStream& random);
  StepResult step(const std::vector<LabelledBatch>& batches, LearningRates rates, RandomStream& random);
  PendingStep deferred_step(const std::vector<LabelledBatch>& batches, LearningRates rates,
                            RandomStream& random);
  /** All of a deferred step. @returns [3] loss, gradient norm, 1 where it was applied */
  at::Tensor step_on_device(const std::vector<LabelledBatch>& batches, const DeviceRates& rates,
                            RandomStream& random, const LossOptions& loss_options);
  /** The tensors of a saved state. */
  TensorMap state() const;

  Model& model_;
  TrainingOptions options_;
  std::vector<ParameterGroup> groups_;
  AdamW optimizer_;
  std::optional<MovingAverage> average_;
  /** Only where steps are recorded. */
  std::unique_ptr<StepGraphs> graphs_;
  /** Sequences that are computed at a time since memory was short; 0: as they come. */
  int64_t micro_batch_ = 0;
};

}  // namespace gp
