#include "engine/session.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <cmath>
#include <utility>

#include "engine/device.h"
#include "engine/error.h"
#include "weights/safetensors.h"
#include "weights/torch_archive.h"

namespace gp {
namespace {

TensorMap on_cpu(const std::vector<std::pair<std::string, at::Tensor>>& tensors) {
  TensorMap copies;
  for (const auto& [name, tensor] : tensors)
    copies.emplace_back(name, tensor.detach().to(at::kCPU).contiguous());
  return copies;
}

uint64_t whole_number(const std::map<std::string, std::string>& metadata, const std::string& key,
                      const std::string& path) {
  const auto found = metadata.find(key);
  if (found == metadata.end() || found->second.empty() || found->second.size() > 20 ||
      found->second.find_first_not_of("0123456789") != std::string::npos) {
    throw Error("BAD_WEIGHTS", "The optimizer state " + path + " lacks its " + key +
                                   ": resume from another checkpoint, or start training anew.");
  }
  return std::stoull(found->second);
}

/** Scales all gradients so that their global L2 norm is at most `limit` (0: any); returns the norm before. */
double clip_gradients(const Parameters& parameters, double limit) {
  at::NoGradGuard no_gradient;
  std::vector<at::Tensor> gradients;
  for (const auto& [name, tensor] : parameters.all()) {
    if (tensor.grad().defined()) gradients.push_back(tensor.grad());
  }
  const double norm = at::stack(at::_foreach_norm(gradients, 2)).norm().item<double>();
  if (limit > 0 && norm > limit) at::_foreach_mul_(gradients, limit / (norm + 1e-6));
  return norm;
}

}  // namespace

void Session::initialise() {
  // Set in any case: a new thread would take over what the last engine was given.
  at::set_num_threads(options_.threads > 0 ? options_.threads : at::intraop_default_num_threads());
  device_ = resolve_device(options_.device);
  build_model();
  random_ = {options_.seed, 0};
  if (device_.is_cuda()) {
    auto generator = at::globalContext().defaultGenerator(device_);
    generator.set_current_seed(options_.seed);
  }
}

void Session::build_model() {
  try {
    model_ = std::make_unique<Model>(options_.shape, options_.seed);
    model().parameters().to(device_);
  } catch (...) {
    model_.reset();
    const Failure failure = describe_current_exception();
    if (failure.code != "OUT_OF_MEMORY") throw;
    throw Error(failure.code, "There is not enough memory for a model of this size on " + device_.str() +
                                  ": use a smaller encoder, fewer entity types or a smaller head.");
  }
}

LoadReport Session::load_weights(const std::string& path, LoadScope scope) {
  return gp::load_weights(model().parameters(), path, scope);
}

void Session::save_weights(const std::string& path) const {
  write_safetensors(path, on_cpu(model().parameters().all()), {{"format", "pt"}});
}

void Session::save_state_dict(const std::string& path) const {
  TensorMap tensors = on_cpu(model().parameters().all());
  const int64_t hidden = options_.shape.hidden_size;
  tensors.emplace_back("encoder.pooler.dense.weight", at::zeros({hidden, hidden}));
  tensors.emplace_back("encoder.pooler.dense.bias", at::zeros({hidden}));
  write_torch_state_dict(path, tensors);
}

void Session::configure_optimizer(const AdamWOptions& options, double max_grad_norm) {
  optimizer_.emplace(model().parameters(), options);
  max_grad_norm_ = max_grad_norm;
}

Model& Session::model() const {
  if (!model_) throw Error("INTERNAL", "The model was not built before it was used.");
  return *model_;
}

AdamW& Session::optimizer() {
  if (!optimizer_) throw Error("INTERNAL", "The optimizer was not configured before it was used.");
  return *optimizer_;
}

StepResult Session::train_step(const Batch& batch, const GoldSpans& gold, LearningRates rates) {
  AdamW& adamw = optimizer();
  model().parameters().clear_gradients();
  const at::Tensor loss = model().loss(batch, gold, {true, &random_});
  StepResult result{loss.item<double>(), std::nan(""), false};
  if (!std::isfinite(result.loss)) return result;
  loss.backward();
  result.gradient_norm = clip_gradients(model().parameters(), max_grad_norm_);
  if (std::isfinite(result.gradient_norm)) {
    adamw.step(rates);
    result.applied = true;
  }
  model().parameters().clear_gradients();
  return result;
}

void Session::save_optimizer(const std::string& path) const {
  if (!optimizer_) throw Error("INTERNAL", "The optimizer was not configured before it was saved.");
  write_safetensors(path, on_cpu(optimizer_->state()),
                    {{"steps", std::to_string(optimizer_->steps())},
                     {"randomSeed", std::to_string(random_.seed)},
                     {"randomDraws", std::to_string(random_.draws)}});
}

void Session::load_optimizer(const std::string& path) {
  const WeightFile file = read_weight_file(path);
  const RandomStream random{whole_number(file.metadata, "randomSeed", path),
                            whole_number(file.metadata, "randomDraws", path)};
  optimizer().restore(file.tensors, static_cast<int64_t>(whole_number(file.metadata, "steps", path)));
  random_ = random;
}

double Session::loss(const Batch& batch, const GoldSpans& gold) {
  at::NoGradGuard no_gradient;
  return model().loss(batch, gold, {}).item<double>();
}

std::vector<SpanHit> Session::predict(const Batch& batch, const std::vector<float>& thresholds) {
  std::vector<SpanHit> hits = model().decode(batch, thresholds);
  free_memory_.bound();
  return hits;
}

std::vector<at::Tensor> Session::scores(const Batch& batch) {
  std::vector<at::Tensor> scores = model().scores(batch);
  for (auto& of_sequence : scores) of_sequence = of_sequence.to(at::kCPU).contiguous();
  return scores;
}

at::Tensor Session::hidden_states(const Batch& batch) {
  return model().hidden_states(batch).to(at::kCPU).contiguous();
}

int64_t Session::head_parameter_count() const {
  int64_t count = 0;
  for (const auto& [name, tensor] : model().parameters().all()) {
    if (!is_encoder_parameter(name)) count += tensor.numel();
  }
  return count;
}

std::vector<std::pair<std::string, at::Tensor>> Session::parameters() {
  return on_cpu(model().parameters().all());
}

std::pair<double, std::vector<std::pair<std::string, at::Tensor>>> Session::gradients(const Batch& batch,
                                                                                      const GoldSpans& gold) {
  model().parameters().clear_gradients();
  const at::Tensor loss = model().loss(batch, gold, {});
  loss.backward();
  std::vector<std::pair<std::string, at::Tensor>> gradients;
  for (const auto& [name, tensor] : model().parameters().all()) {
    gradients.emplace_back(name, tensor.grad().defined() ? tensor.grad() : at::zeros_like(tensor));
  }
  gradients = on_cpu(gradients);
  model().parameters().clear_gradients();
  return {loss.item<double>(), gradients};
}

}  // namespace gp
