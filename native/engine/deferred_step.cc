// A training step of which the host sees nothing: what there is to decide is decided on the device, so that
// the host is free to prepare and start the next step meanwhile.
#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include "engine/gradient_scope.h"
#include "engine/training.h"

namespace gp {
namespace {

/** Global L2 norm of all gradients, as a scalar on their device. */
at::Tensor norm_on_device(const std::vector<at::Tensor>& gradients) {
  return at::linalg_vector_norm(at::stack(at::_foreach_norm(gradients, 2)));
}

/** What gradients are to be divided by so that their norm is at most `limit` (0: any). */
at::Tensor clipping_divisor(const at::Tensor& norm, double limit) {
  const at::Tensor one = at::ones_like(norm);
  return limit > 0 ? at::where(norm.gt(limit), (norm + 1e-6) / limit, one) : one;
}

}  // namespace

bool Training::defers() const {
  return takes_cuda_path(groups_.at(0).parameters.at(0).second) && !average_ && !options_.adversarial;
}

at::Tensor Training::step_on_device(const std::vector<LabelledBatch>& batches, const DeviceRates& rates,
                                    RandomStream& random, const LossOptions& loss_options) {
  const GradientScope scope(model_.parameters());
  int64_t sequences = 0;
  for (const auto& labelled : batches) sequences += labelled.batch.sequences.count();
  at::Tensor mean;
  for (const auto& labelled : batches) {
    const double weight =
        static_cast<double>(labelled.batch.sequences.count()) / static_cast<double>(sequences);
    const at::Tensor loss = batch_loss(labelled, random, loss_options);
    const at::Tensor share = loss.detach() * weight;
    mean = mean.defined() ? mean + share : share;
    loss.backward(at::full_like(loss, weight));
  }
  const at::NoGradGuard no_gradient;
  std::vector<at::Tensor> gradients;
  for (const auto& [name, tensor] : model_.parameters().all()) {
    if (tensor.grad().defined()) gradients.push_back(tensor.grad());
  }
  const at::Tensor norm = norm_on_device(gradients);
  const at::Tensor refused = mean.isfinite().logical_and(norm.isfinite()).logical_not().to(at::kFloat);
  optimizer_.deferred_step(rates, clipping_divisor(norm, options_.max_grad_norm), refused);
  return at::stack({mean, norm, 1 - refused}).to(at::kDouble);
}

PendingStep Training::deferred_step(const std::vector<LabelledBatch>& batches, LearningRates rates,
                                    RandomStream& random) {
  if (graphs_ && batches.size() == 1) {
    const std::optional<at::Tensor> numbers = graphs_->step(batches[0], rates, random);
    if (numbers) return PendingStep(*numbers);
  }
  const at::TensorOptions options = model_.parameters().all().at(0).second.options().requires_grad(false);
  const DeviceRates there{at::full({}, rates.encoder, options), at::full({}, rates.head, options)};
  return PendingStep(step_on_device(batches, there, random, options_.loss));
}

}  // namespace gp
