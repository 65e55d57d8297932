#pragma once

#include <c10/core/Device.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/adamw.h"
#include "engine/free_memory.h"
#include "model/model.h"
#include "model/weight_loading.h"

namespace gp {

struct SessionOptions {
  ModelShape shape;
  std::string device = "auto";
  /** Threads of one operation; 0 for as many as there are cores. */
  int threads = 0;
  /** Of the random initialisation and of dropout. */
  uint64_t seed = 0;
};

struct StepResult {
  double loss = 0;
  /** Global L2 norm of the gradient before clipping. */
  double gradient_norm = 0;
  /** False when loss or gradient are not finite: the parameters are then left as they were. */
  bool applied = false;
};

/** A model with its optimizer and random state. Every call belongs on one and the same thread. */
class Session {
 public:
  explicit Session(SessionOptions options) : options_(std::move(options)) {}

  /** Sets the thread up and builds the model with random weights; to be called first. */
  void initialise();
  LoadReport load_weights(const std::string& path, LoadScope scope);
  /** Writes a safetensors file, whole or not at all. */
  void save_weights(const std::string& path) const;
  /** Writes a PyTorch state dict with the original's key names; its unused pooler is written as zeros. */
  void save_state_dict(const std::string& path) const;

  void configure_optimizer(const AdamWOptions& options, double max_grad_norm);
  StepResult train_step(const Batch& batch, const GoldSpans& gold, LearningRates rates);
  /** Moments, step count and random state: with the weights, all that an exact resume needs. */
  void save_optimizer(const std::string& path) const;
  void load_optimizer(const std::string& path);

  double loss(const Batch& batch, const GoldSpans& gold);
  std::vector<SpanHit> predict(const Batch& batch, const std::vector<float>& thresholds);

  // For tests and analysis: dense results on the CPU.
  std::vector<at::Tensor> scores(const Batch& batch);
  at::Tensor hidden_states(const Batch& batch);
  std::vector<std::pair<std::string, at::Tensor>> parameters();
  /** Loss and its gradient by every parameter, dropout off. */
  std::pair<double, std::vector<std::pair<std::string, at::Tensor>>> gradients(const Batch& batch,
                                                                               const GoldSpans& gold);

  std::string device_name() const { return device_.str(); }
  int64_t parameter_count() const { return model().parameters().count(); }
  /** Of those, the head's. */
  int64_t head_parameter_count() const;
  int64_t parameter_bytes() const { return model().parameters().bytes(); }

 private:
  void build_model();
  /** @throws Error INTERNAL before initialise, or when that failed */
  Model& model() const;
  AdamW& optimizer();

  SessionOptions options_;
  c10::Device device_{c10::kCPU};
  std::unique_ptr<Model> model_;
  std::optional<AdamW> optimizer_;
  double max_grad_norm_ = 0;
  RandomStream random_;
  FreeMemory free_memory_;
};

}  // namespace gp
