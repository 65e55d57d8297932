#include "engine/training.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <cmath>

#include "engine/adversarial.h"
#include "engine/block_allocator.h"
#include "engine/error.h"
#include "engine/gradient_scope.h"
#include "ops/attention.h"
#include "ops/gradient_norm.h"

namespace gp {
namespace {

const char* const kWordEmbeddings = "encoder.embeddings.word_embeddings.weight";

std::vector<ParameterGroup> learning_groups(const Model& model, const TrainingOptions& options) {
  freeze_parameters(model.parameters(), options);
  return parameter_groups(model.parameters(), model.shape().num_hidden_layers, options);
}

bool can_be_recorded(const Model& model, const TrainingOptions& options) {
  const ModelShape& shape = model.shape();
  const int64_t width = shape.hidden_size / shape.num_attention_heads;
  const auto type = options.precision == Precision::kBfloat16 ? at::kBFloat16 : at::kFloat;
  // Attention that goes sequence by sequence asks the host for lengths.
  const bool attention_packed =
      width % 8 == 0 && width <= 256 && (shape.attention_probs_dropout_prob == 0 || has_packed_dropout(type));
  return cuda_ops_for(model.parameters().all().at(0).second) != nullptr && attention_packed &&
         options.loss.r_drop <= 0 && !options.activation_checkpointing && shape.head_type != "tplinker";
}

/** Every row of a sparse gradient once. */
void coalesce_gradients(const Parameters& parameters) {
  at::NoGradGuard no_gradient;
  for (const auto& [name, tensor] : parameters.all()) {
    at::Tensor& gradient = tensor.mutable_grad();
    if (gradient.defined() && gradient.is_sparse()) gradient = gradient.coalesce();
  }
}

/** Global L2 norm of all gradients. */
double norm_of_gradients(const Parameters& parameters) {
  std::vector<at::Tensor> gradients;
  for (const auto& [name, tensor] : parameters.all()) {
    if (tensor.grad().defined()) gradients.push_back(tensor.grad());
  }
  return gradient_norm(gradients);
}

Error out_of_memory(const std::vector<LabelledBatch>& batches) {
  const auto largest = std::max_element(batches.begin(), batches.end(), [](const auto& a, const auto& b) {
    return a.batch.sequences.total() < b.batch.sequences.total();
  });
  return Error("OUT_OF_MEMORY", "Out of memory in a training step on " + size_in_words(largest->batch) +
                                    ": lower the batch size or the length of sequences.");
}

/** What gradients are to be divided by so that their norm is at most `limit` (0: any). */
double clipping_divisor(double norm, double limit) {
  return limit > 0 && norm > limit ? (norm + 1e-6) / limit : 1;
}

}  // namespace

Training::Training(Model& model, const TrainingOptions& options)
    : model_(model),
      options_(options),
      groups_(learning_groups(model, options)),
      optimizer_(groups_, options.adamw) {
  if (options.average_decay) average_.emplace(groups_, *options.average_decay);
  // What reads the host's numbers in the middle of a step cannot be recorded.
  if (options.graphs && defers() && can_be_recorded(model, options)) {
    graphs_ = std::make_unique<StepGraphs>(
        model, options.loss,
        [this](const LabelledBatch& batch, const DeviceRates& rates, RandomStream& random) {
          return step_on_device({batch}, rates, random, {});
        });
  }
}

PendingStep Training::begin_step(const std::vector<LabelledBatch>& batches, LearningRates rates,
                                 RandomStream& random) {
  for (;;) {
    std::vector<LabelledBatch> cut;
    if (micro_batch_ > 0) cut = in_parts(batches, micro_batch_, model_.shape().entity_type_count);
    const std::vector<LabelledBatch>& parts = micro_batch_ > 0 ? cut : batches;
    try {
      PendingStep pending = attempt(parts, rates, random);
      pending.set_micro_batch(micro_batch_);
      return pending;
    } catch (...) {
      const Failure failure = describe_current_exception();
      if (failure.code != "OUT_OF_MEMORY") throw;
      if (recorded_steps() > 0) {  // they hold memory: without them there may be enough
        graphs_->clear();
        continue;
      }
      const int64_t most = most_sequences(parts);
      if (!options_.auto_micro_batch || most <= 1) throw out_of_memory(parts);
      micro_batch_ = (most + 1) / 2;
    }
    BlockAllocator::release(0);
  }
}

PendingStep Training::attempt(const std::vector<LabelledBatch>& batches, LearningRates rates,
                              RandomStream& random) {
  if (!defers()) return PendingStep(step(batches, rates, random));
  RandomStream moving = random;
  PendingStep pending = deferred_step(batches, rates, moving);
  random = moving;
  return pending;
}

StepResult Training::step(const std::vector<LabelledBatch>& batches, LearningRates rates,
                          RandomStream& random) {
  const GradientScope gradients(model_.parameters());
  RandomStream moving = random;
  StepResult result{add_gradients(batches, moving), std::nan(""), false};
  if (!std::isfinite(result.loss)) return result;
  if (options_.adversarial && !add_adversarial_gradients(batches, moving)) return result;
  coalesce_gradients(model_.parameters());
  result.gradient_norm = norm_of_gradients(model_.parameters());
  if (!std::isfinite(result.gradient_norm)) return result;
  optimizer_.step(rates, clipping_divisor(result.gradient_norm, options_.max_grad_norm));
  if (average_) average_->update(optimizer_.steps());
  random = moving;
  result.applied = true;
  return result;
}

at::Tensor Training::batch_loss(const LabelledBatch& labelled, RandomStream& random,
                                const LossOptions& options) const {
  return model_.loss(labelled.batch, labelled.gold,
                     {true, &random, options_.activation_checkpointing, options_.precision}, options);
}

double Training::pass(const std::vector<LabelledBatch>& batches, RandomStream& random,
                      const Backward& backward) const {
  int64_t sequences = 0;
  for (const auto& labelled : batches) sequences += labelled.batch.sequences.count();
  double mean = 0;
  for (const auto& labelled : batches) {
    // Each batch's loss is a mean over its own sequences: this makes it one over all of them.
    const double weight =
        static_cast<double>(labelled.batch.sequences.count()) / static_cast<double>(sequences);
    const at::Tensor loss = batch_loss(labelled, random, options_.loss);
    mean += weight * loss.item<double>();
    if (!std::isfinite(mean)) break;
    backward(loss, at::full_like(loss, weight));
  }
  return mean;
}

double Training::add_gradients(const std::vector<LabelledBatch>& batches, RandomStream& random) const {
  return pass(batches, random,
              [](const at::Tensor& loss, const at::Tensor& weight) { loss.backward(weight); });
}

bool Training::add_adversarial_gradients(const std::vector<LabelledBatch>& batches,
                                         RandomStream& random) const {
  const at::Tensor embeddings = model_.parameters().named(kWordEmbeddings);
  PerturbedEmbeddings perturbed(embeddings, *options_.adversarial);
  perturbed.ascend(embeddings.grad());
  for (int64_t ascent = 1; ascent < options_.adversarial->steps; ++ascent) {
    at::Tensor gradient = at::zeros_like(embeddings);
    const double loss = pass(batches, random, [&](const at::Tensor& of_batch, const at::Tensor& weight) {
      gradient.add_(torch::autograd::grad({of_batch}, {embeddings}, {weight})[0]);
    });
    if (!std::isfinite(loss)) return false;
    perturbed.ascend(gradient);
  }
  return std::isfinite(add_gradients(batches, random));
}

BorrowedValues Training::averaged() const { return average_ ? average_->in_place() : BorrowedValues(); }

void Training::weights_replaced() {
  if (average_) average_->restart();
}

void Training::keep_average() const {
  if (average_) average_->keep();
}

}  // namespace gp
