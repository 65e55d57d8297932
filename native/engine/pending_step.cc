#include "engine/pending_step.h"

#include <ATen/ATen.h>
#include <c10/core/impl/VirtualGuardImpl.h>

namespace gp {

PendingStep::PendingStep(const at::Tensor& numbers) {
  const at::Device device = numbers.device();
  numbers_ = at::empty({3}, at::TensorOptions(at::kDouble).pinned_memory(device.is_cuda()));
  numbers_.copy_(numbers, /*non_blocking=*/true);
  if (!device.is_cuda()) return;
  written_ = std::make_shared<c10::Event>(device.type());
  written_->record(c10::impl::VirtualGuardImpl(device.type()).getStream(device));
}

StepResult PendingStep::result() const {
  if (is_known()) return known_;
  if (written_) written_->synchronize();
  const double* const numbers = numbers_.const_data_ptr<double>();
  return {numbers[0], numbers[1], numbers[2] == 1, known_.micro_batch};
}

}  // namespace gp
