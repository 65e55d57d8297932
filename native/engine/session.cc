#include "engine/session.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/CachingDeviceAllocator.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <mutex>
#include <utility>

#include "engine/block_allocator.h"
#include "engine/device.h"
#include "engine/error.h"
#include "engine/on_cpu.h"
#include "engine/product_precision.h"
#include "weights/safetensors.h"
#include "weights/torch_archive.h"

namespace gp {

Session::~Session() {
  training_.reset();
  model_.reset();
  BlockAllocator::release(0);
}

void Session::initialise() {
  BlockAllocator::install();
  // Set in any case: a new thread would take over what the last engine was given.
  at::set_num_threads(options_.threads > 0 ? options_.threads : at::intraop_default_num_threads());
  device_ = resolve_device(options_.device);
  // The thread is this engine's own.
  if (device_.is_cuda()) c10::impl::VirtualGuardImpl(device_.type()).setDevice(device_);
  require_precision(options_.precision);
  build_model();
  random_ = {options_.seed, 0};
}

void Session::seed_device() const {
  if (!device_.is_cuda()) return;
  // Neighbouring steps and seeds become numbers far apart (a multiplication by 2^64 over the golden ratio).
  constexpr uint64_t kSpread = 0x9E3779B97F4A7C15ULL;
  at::Generator generator = at::globalContext().defaultGenerator(device_);
  const std::lock_guard<std::mutex> lock(generator.mutex());
  generator.set_current_seed((random_.seed * kSpread + random_.draws) * kSpread);
}

void Session::build_model() {
  training_.reset();
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

void Session::require_precision(Precision precision) const {
  const std::string name = name_of(precision);
  const bool int8 = precision == Precision::kInt8;
  if (precision == Precision::kFloat) return;
  if (device_.is_cuda() && !int8) {
    if (has_matrix_units(device_)) return;
    throw Error("DEVICE", "The precision " + name + " needs a GPU of compute capability 8.0 or more, which " +
                              device_.str() + " is not: use fp32.");
  }
  if (device_.is_cuda())
    throw Error("DEVICE", "The precision int8 is computed on the CPU alone: use --device cpu, or bf16.");
  if (precision == Precision::kTf32)
    throw Error("DEVICE", "The precision tf32 is computed on CUDA devices alone: use fp32 or bf16.");
  if (has_precision(precision)) return;
  throw Error("DEVICE", "The precision " + name + " needs a processor with AVX-512 " +
                            (int8 ? "VNNI" : "BF16") + ", which this one does not have: use fp32.");
}

void Session::require_full_precision(const char* what_for) const {
  if (options_.precision == Precision::kFloat || options_.precision == Precision::kTf32) return;
  throw Error("BAD_WEIGHTS", std::string("A model in bf16 or int8 is for predictions alone: to ") + what_for +
                                 " it, load it in fp32.");
}

LoadReport Session::load_weights(const std::string& path, LoadScope scope) {
  if (narrowed_) require_full_precision("load other weights into");
  if (scope == LoadScope::kEncoder) require_full_precision("load an encoder into");
  const LoadReport report = gp::load_weights(model().parameters(), path, scope);
  if (training_) training_->weights_replaced();
  model().weights_replaced();
  if (options_.precision == Precision::kBfloat16 || options_.precision == Precision::kInt8) {
    narrowed_ = true;
    model().narrow_to(options_.precision);
    BlockAllocator::release(0);
  }
  return report;
}

void Session::save_weights(const std::string& path) const {
  require_full_precision("save");
  const BorrowedValues as_seen = averaged();
  write_safetensors(path, on_cpu(model().parameters().all()), {{"format", "pt"}});
}

void Session::save_state_dict(const std::string& path) const {
  require_full_precision("save");
  const BorrowedValues as_seen = averaged();
  TensorMap tensors = on_cpu(model().parameters().all());
  const int64_t hidden = options_.shape.hidden_size;
  tensors.emplace_back("encoder.pooler.dense.weight", at::zeros({hidden, hidden}));
  tensors.emplace_back("encoder.pooler.dense.bias", at::zeros({hidden}));
  write_torch_state_dict(path, tensors);
}

void Session::configure_training(const TrainingOptions& options) {
  require_full_precision("train");
  require_precision(options.precision);
  if (training_) training_->keep_average();
  training_.reset();
  model().weights_replaced();
  training_.emplace(model(), options);
}

Model& Session::model() const {
  if (!model_) throw Error("INTERNAL", "The model was not built before it was used.");
  return *model_;
}

Training& Session::training() {
  if (!training_) throw Error("INTERNAL", "The optimizer was not configured before it was used.");
  return *training_;
}

BorrowedValues Session::averaged() const { return training_ ? training_->averaged() : BorrowedValues(); }

PendingStep Session::train_step(const std::vector<LabelledBatch>& batches, LearningRates rates) {
  require_full_precision("train");
  const ProductPrecision products(device_, training().precision());
  seed_device();
  return training().begin_step(batches, rates, random_);
}

void Session::save_optimizer(const std::string& path) {
  require_full_precision("train");
  training().save(path, random_);
}

void Session::load_optimizer(const std::string& path) {
  require_full_precision("train");
  training().load(path, random_);
  model().weights_replaced();
}

template <typename Compute>
auto Session::on_batch(const Batch& batch, const Compute& compute) {
  const ProductPrecision products(device_, options_.precision);
  const BorrowedValues as_seen = averaged();
  try {
    return compute();
  } catch (...) {
    const Failure failure = describe_current_exception();
    if (failure.code != "OUT_OF_MEMORY") throw;
    throw Error(failure.code, "Out of memory on " + device_.str() + " in a batch of " + size_in_words(batch) +
                                  ": lower the batch size or the length of sequences.");
  }
}

double Session::loss(const Batch& batch, const GoldSpans& gold) {
  at::NoGradGuard no_gradient;
  return on_batch(batch, [&] { return model().loss(batch, gold, {}).item<double>(); });
}

std::vector<SpanHit> Session::predict(const Batch& batch, const std::vector<float>& thresholds) {
  std::vector<SpanHit> hits = on_batch(batch, [&] { return model().decode(batch, thresholds); });
  free_memory_.bound();
  return hits;
}

std::vector<at::Tensor> Session::scores(const Batch& batch) {
  std::vector<at::Tensor> scores = on_batch(batch, [&] { return model().scores(batch); });
  for (auto& of_sequence : scores) of_sequence = of_sequence.to(at::kCPU).contiguous();
  return scores;
}

at::Tensor Session::hidden_states(const Batch& batch) {
  return on_batch(batch, [&] { return model().hidden_states(batch).to(at::kCPU).contiguous(); });
}

int64_t Session::peak_device_bytes() const {
  if (!device_.is_cuda()) return 0;
  const auto stats = at::getDeviceAllocator(device_.type())->getDeviceStats(device_.index());
  return stats.allocated_bytes[static_cast<size_t>(c10::CachingAllocator::StatType::AGGREGATE)].peak;
}

int64_t Session::head_parameter_count() const {
  int64_t count = 0;
  for (const auto& [name, tensor] : model().parameters().all()) {
    if (!is_encoder_parameter(name)) count += tensor.numel();
  }
  return count;
}

TensorMap Session::parameters() {
  require_full_precision("look into");
  const BorrowedValues as_seen = averaged();
  TensorMap copies = on_cpu(model().parameters().all());
  // They are read on another thread, when the next step may be running.
  for (auto& [name, tensor] : copies) tensor = tensor.clone();
  return copies;
}

std::pair<double, TensorMap> Session::gradients(const Batch& batch, const GoldSpans& gold) {
  require_full_precision("train");
  const ProductPrecision products(device_, options_.precision);
  const BorrowedValues as_seen = averaged();
  model().parameters().clear_gradients();
  const at::Tensor loss = model().loss(batch, gold, {});
  loss.backward();
  TensorMap gradients;
  for (const auto& [name, tensor] : model().parameters().all()) {
    const at::Tensor& gradient = tensor.grad();
    gradients.emplace_back(name, !gradient.defined() ? at::zeros_like(tensor) : gradient.to_dense());
  }
  gradients = on_cpu(gradients);
  model().parameters().clear_gradients();
  return {loss.item<double>(), gradients};
}

}  // namespace gp
