#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Event.h>

#include <memory>

namespace gp {

struct StepResult {
  /** Mean over all (sequence, type), before the step and without perturbation. */
  double loss = 0;
  /** Global L2 norm of the gradient before clipping. */
  double gradient_norm = 0;
  /** False when loss or gradient are not finite: everything is then left as it was. */
  bool applied = false;
  /** Sequences computed at a time, where memory was too short for the batches as they came; 0 where it was
   * not. */
  int64_t micro_batch = 0;
};

/** A step whose numbers are there, or will be once the device has come to its end. */
class PendingStep {
 public:
  explicit PendingStep(StepResult known) : known_(known) {}
  /** @param numbers [3] on the device: loss, gradient norm, and 1 where the step was applied */
  explicit PendingStep(const at::Tensor& numbers);

  void set_micro_batch(int64_t sequences) { known_.micro_batch = sequences; }
  bool is_known() const { return !numbers_.defined(); }
  /** Waits for the device where need be. */
  StepResult result() const;

 private:
  StepResult known_;
  at::Tensor numbers_;  // on the host; the device writes them
  std::shared_ptr<c10::Event> written_;
};

}  // namespace gp
