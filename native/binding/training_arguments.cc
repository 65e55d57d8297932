#include "binding/training_arguments.h"

#include <sstream>
#include <string>

#include "binding/arguments.h"
#include "binding/batch_arguments.h"
#include "binding/model_arguments.h"

namespace gp::binding {
namespace {

bool has(const Napi::Object& object, const char* key) { return !property(object, key).IsUndefined(); }

[[noreturn]] void refuse(const Napi::Object& object, const char* key, double value, const char* allowed) {
  std::ostringstream text;
  text << key << " must be " << allowed << ", but is " << value << ".";
  throw Napi::RangeError::New(object.Env(), text.str());
}

double positive_property(const Napi::Object& object, const char* key) {
  const double value = number_property(object, key);
  if (!(value > 0)) refuse(object, key, value, "above 0");
  return value;
}

AdversarialOptions adversarial_options(const Napi::Object& object) {
  return {positive_property(object, "epsilon"), positive_property(object, "alpha"),
          integer_property(object, "steps", 1, 1000)};
}

void add_optimizer_options(const Napi::Object& object, TrainingOptions& options) {
  options.adamw.weight_decay = number_property(object, "weightDecay");
  options.adamw.beta1 = number_property(object, "beta1");
  options.adamw.beta2 = number_property(object, "beta2");
  options.adamw.eps = number_property(object, "eps");
  options.adamw.decay_all = boolean_property(object, "decayAll");
  options.max_grad_norm = number_property(object, "maxGradNorm");
}

void add_step_options(const Napi::Object& object, const ModelShape& shape, TrainingOptions& options) {
  if (has(object, "layerDecay")) {
    options.layer_decay = positive_property(object, "layerDecay");
    if (options.layer_decay > 1) refuse(object, "layerDecay", options.layer_decay, "at most 1");
  }
  if (has(object, "frozenEmbeddings")) {
    options.frozen_embeddings = boolean_property(object, "frozenEmbeddings");
  }
  if (has(object, "frozenLayers")) {
    options.frozen_layers = integer_property(object, "frozenLayers", 0, shape.num_hidden_layers);
  }
  if (has(object, "averageDecay")) {
    const double decay = number_property(object, "averageDecay");
    if (!(decay >= 0 && decay < 1)) refuse(object, "averageDecay", decay, "at least 0 and below 1");
    options.average_decay = decay;
  }
  if (has(object, "adversarial")) {
    options.adversarial = adversarial_options(object_property(object, "adversarial"));
    if (options.frozen_embeddings || options.frozen_layers > 0) {
      throw Napi::RangeError::New(object.Env(),
                                  "adversarial needs the gradient of the embeddings, which are frozen.");
    }
  }
  if (has(object, "rDrop")) {
    options.loss.r_drop = number_property(object, "rDrop");
    if (!(options.loss.r_drop >= 0)) refuse(object, "rDrop", options.loss.r_drop, "at least 0");
  }
  if (has(object, "labelSmoothing")) {
    options.loss.label_smoothing = number_property(object, "labelSmoothing");
    if (!(options.loss.label_smoothing >= 0 && options.loss.label_smoothing < 1))
      refuse(object, "labelSmoothing", options.loss.label_smoothing, "at least 0 and below 1");
  }
  if (has(object, "activationCheckpointing")) {
    options.activation_checkpointing = boolean_property(object, "activationCheckpointing");
  }
  if (has(object, "cudaGraphs")) options.graphs = boolean_property(object, "cudaGraphs");
  if (has(object, "autoMicroBatch")) options.auto_micro_batch = boolean_property(object, "autoMicroBatch");
  if (has(object, "precision")) {
    choice_property(object, "precision", {"fp32", "tf32", "bf16"});
    options.precision = precision_property(object, "precision");
  }
}

}  // namespace

TrainingOptions training_options_arguments(const Napi::CallbackInfo& info, const ModelShape& shape) {
  TrainingOptions options;
  add_optimizer_options(object_argument(info, 0, "options"), options);
  if (info.Length() > 1 && !info[1].IsUndefined()) {
    add_step_options(object_argument(info, 1, "stepOptions"), shape, options);
  }
  return options;
}

std::vector<LabelledBatch> labelled_batches_argument(const Napi::CallbackInfo& info, size_t index,
                                                     const ModelShape& shape) {
  const Napi::Env env = info.Env();
  if (index >= info.Length() || !info[index].IsArray()) {
    throw Napi::TypeError::New(env, "batches must be an array.");
  }
  const auto array = info[index].As<Napi::Array>();
  if (array.Length() == 0) throw Napi::RangeError::New(env, "batches must hold at least one batch.");
  std::vector<LabelledBatch> batches;
  for (uint32_t i = 0; i < array.Length(); ++i) {
    const Napi::Value element = array[i];
    if (!element.IsObject()) throw Napi::TypeError::New(env, "Each of the batches must be an object.");
    const auto object = element.As<Napi::Object>();
    LabelledBatch& labelled = batches.emplace_back();
    labelled.batch = batch_value(object_property(object, "batch"), shape);
    labelled.gold = gold_value(object_property(object, "gold"), labelled.batch, shape);
  }
  return batches;
}

LearningRates learning_rates_argument(const Napi::CallbackInfo& info, size_t index) {
  const Napi::Object object = object_argument(info, index, "learningRates");
  return {number_property(object, "encoder"), number_property(object, "head")};
}

}  // namespace gp::binding
