#pragma once

#include <c10/core/Device.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/free_memory.h"
#include "engine/training.h"
#include "model/model.h"
#include "model/weight_loading.h"

namespace gp {

struct SessionOptions {
  ModelShape shape;
  std::string device = "auto";
  /** Of predictions: a model in less than single precision is for predictions alone. */
  Precision precision = Precision::kFloat;
  /** Threads of one operation; 0 for as many as there are cores. */
  int threads = 0;
  /** Of the random initialisation and of dropout. */
  uint64_t seed = 0;
};

/**
 * A model with its training and random state. Every call belongs on one and the same thread. Where the
 * training keeps a moving average of the weights, all but training steps see the average.
 */
class Session {
 public:
  explicit Session(SessionOptions options) : options_(std::move(options)) {}
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /** Sets the thread up and builds the model with random weights; to be called first. */
  void initialise();
  LoadReport load_weights(const std::string& path, LoadScope scope);
  /** Writes a safetensors file, whole or not at all. */
  void save_weights(const std::string& path) const;
  /** Writes a PyTorch state dict with the original's key names; its unused pooler is written as zeros. */
  void save_state_dict(const std::string& path) const;

  /** Begins a training of the model as it is; one that ran before is given up. */
  void configure_training(const TrainingOptions& options);
  /** On CUDA the result may be known only later, when other calls may have been made. */
  PendingStep train_step(const std::vector<LabelledBatch>& batches, LearningRates rates);
  /** What the training and the random state are: with the saved weights, all that an exact resume needs. */
  void save_optimizer(const std::string& path);
  void load_optimizer(const std::string& path);

  double loss(const Batch& batch, const GoldSpans& gold);
  std::vector<SpanHit> predict(const Batch& batch, const std::vector<float>& thresholds);

  // For tests and analysis: dense results on the CPU.
  std::vector<at::Tensor> scores(const Batch& batch);
  at::Tensor hidden_states(const Batch& batch);
  TensorMap parameters();
  /** Loss and its gradient by every parameter, dropout off. */
  std::pair<double, TensorMap> gradients(const Batch& batch, const GoldSpans& gold);

  std::string device_name() const { return device_.str(); }
  bool is_on_cuda() const { return device_.is_cuda(); }
  /** The most that tensors took on a CUDA device so far, those of other sessions counted; 0 on the CPU. */
  int64_t peak_device_bytes() const;
  int64_t parameter_count() const { return model().parameters().count(); }
  /** Of those, the head's. */
  int64_t head_parameter_count() const;
  /** Steps that are recorded at the moment. */
  int64_t recorded_steps() const { return training_ ? training_->recorded_steps() : 0; }
  int64_t parameter_bytes() const { return model().parameters().bytes(); }

 private:
  void build_model();
  /** @throws Error DEVICE when the processor, or the device, cannot compute in the precision asked for */
  void require_precision(Precision precision) const;
  /** @throws Error BAD_WEIGHTS in a narrower precision, in which models are for predictions alone */
  void require_full_precision(const char* what_for) const;
  /** @throws Error INTERNAL before initialise, or when that failed */
  Model& model() const;
  Training& training();
  /** To be held while the model is read: see the class. */
  BorrowedValues averaged() const;
  /** What a computation on a batch gives, the model as it is to be seen; without memory the error says of
   * what size it was. */
  template <typename Compute>
  auto on_batch(const Batch& batch, const Compute& compute);
  /** Lets LibTorch's own generator follow the random stream: attention on CUDA draws its masks from it. */
  void seed_device() const;

  SessionOptions options_;
  c10::Device device_{c10::kCPU};
  std::unique_ptr<Model> model_;
  std::optional<Training> training_;
  bool narrowed_ = false;
  RandomStream random_;
  FreeMemory free_memory_;
};

}  // namespace gp
