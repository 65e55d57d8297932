// A whole model on the way that it goes on CUDA, against the same model on the CPU's.
#include <ATen/ATen.h>
#include <torch/cuda.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <string>

#include "checks.h"
#include "compare.h"
#include "engine/session.h"
#include "inputs.h"
#include "ops/cuda_ops.h"
#include "weights/safetensors.h"

namespace gp {
extern const CudaOps kCudaOps;
}

namespace gp::check {
namespace {

#ifdef GP_CUDA_ON_CPU
constexpr bool kOnCpu = true;
#else
constexpr bool kOnCpu = false;
#endif

/** While it lives, the CPU's tensors take CUDA's way; on a GPU there is nothing to do. */
class CudaPath {
 public:
  explicit CudaPath(bool on) {
    if (kOnCpu && on) take_cuda_path_on_cpu(&kCudaOps);
  }
  ~CudaPath() { take_cuda_path_on_cpu(nullptr); }
  CudaPath(const CudaPath&) = delete;
  CudaPath& operator=(const CudaPath&) = delete;
};

ModelShape small_shape(const std::string& head) {
  ModelShape shape;
  shape.vocab_size = 50;
  shape.hidden_size = shape.embedding_size = 32;
  shape.num_hidden_layers = 2;
  shape.num_attention_heads = 2;
  shape.intermediate_size = 48;
  shape.max_position_embeddings = 100;
  shape.type_vocab_size = 2;
  shape.entity_type_count = 3;
  shape.head_type = head;
  shape.head_size = 8;
  return shape;
}

LabelledBatch batch_of(uint64_t seed) {
  LabelledBatch labelled;
  labelled.batch.sequences = sequences_of({7, 66, 1, 5});
  const at::Tensor ids = random_tensor({79}, seed).mul(7).abs().remainder(49).add(1).to(at::kInt);
  labelled.batch.input_ids.assign(ids.const_data_ptr<int32_t>(), ids.const_data_ptr<int32_t>() + 79);
  labelled.gold = gold_of(GoldKind::kSome, labelled.batch.sequences, 3, {});
  return labelled;
}

SessionOptions options_of(const ModelShape& shape, bool cuda, Precision precision = Precision::kFloat) {
  SessionOptions options;
  options.shape = shape;
  options.device = cuda && !kOnCpu ? "cuda" : "cpu";
  options.precision = precision;
  options.threads = 1;
  options.seed = 4;
  return options;
}

TrainingOptions training_of(Precision precision) {
  TrainingOptions options;
  options.max_grad_norm = 1;
  options.precision = precision;
  return options;
}

constexpr LearningRates kRates{2e-3, 5e-3};

struct Run {
  std::vector<double> losses, norms;
  std::vector<at::Tensor> scores;
  at::Tensor weights;
};

/** @param without_dropout where masks of attention are drawn otherwise (a GPU) or roundings are looked at */
Run run(const std::string& head, bool cuda, Precision precision, int steps, bool without_dropout) {
  const CudaPath path(cuda);
  ModelShape shape = small_shape(head);
  if (without_dropout) shape.hidden_dropout_prob = shape.attention_probs_dropout_prob = 0;
  Session session(options_of(shape, cuda));
  session.initialise();
  session.configure_training(training_of(precision));
  Run result;
  for (int step = 0; step < steps; ++step) {
    const StepResult found = session.train_step({batch_of(1), batch_of(2)}, kRates).result();
    result.losses.push_back(found.loss);
    result.norms.push_back(found.gradient_norm);
  }
  result.scores = session.scores(batch_of(3).batch);
  std::vector<at::Tensor> all;
  for (const auto& [name, tensor] : session.parameters()) all.push_back(tensor.flatten());
  result.weights = at::cat(all);
  return result;
}

/** Over the largest of the expected ones. */
double largest_difference(const std::vector<double>& found, const std::vector<double>& expected) {
  double worst = 0, size = 0;
  for (size_t i = 0; i < found.size(); ++i) {
    worst = std::max(worst, std::abs(found[i] - expected[i]));
    size = std::max(size, std::abs(expected[i]));
  }
  return worst / size;
}

double worst_scores(const Run& found, const Run& expected) {
  double worst = 0;
  for (size_t i = 0; i < found.scores.size(); ++i) {
    const at::Tensor counts = expected.scores[i].isfinite();
    worst = std::max(worst, relative_error(found.scores[i].masked_select(counts),
                                           expected.scores[i].masked_select(counts)));
  }
  return worst;
}

std::string file_name() {
  return (std::filesystem::temp_directory_path() / ("gp-cuda-check-" + std::to_string(::getpid()))).string();
}

}  // namespace

void check_cuda_session(Report& report) {
  if (!kOnCpu && !torch::cuda::is_available()) return;
  for (const std::string head : {"global-pointer", "efficient-global-pointer", "tplinker"}) {
    report.run("kernels: a model with the head " + head + " learns as on the CPU", [&](Findings& findings) {
      const bool without_dropout = !kOnCpu;
      const Run found = run(head, true, Precision::kFloat, 4, without_dropout),
                expected = run(head, false, Precision::kFloat, 4, without_dropout);
      findings.below("losses", largest_difference(found.losses, expected.losses), 1e-4);
      findings.below("gradient norms", largest_difference(found.norms, expected.norms), 1e-3);
      findings.below("scores", worst_scores(found, expected), 1e-3);
      const Run again = run(head, true, Precision::kFloat, 2, false),
                same = run(head, true, Precision::kFloat, 2, false);
      findings.holds("the same bits twice", again.losses == same.losses && again.weights.equal(same.weights));
    });
    report.run("kernels: a model with the head " + head + " in bfloat16", [&](Findings& findings) {
      const int steps = kOnCpu ? 12 : 200;
      const Run found = run(head, true, Precision::kBfloat16, steps, true),
                expected = run(head, false, Precision::kFloat, steps, true);
      findings.holds("weights stay in single precision", found.weights.scalar_type() == at::kFloat);
      findings.below("losses", largest_difference(found.losses, expected.losses), 2e-2);
      findings.holds("it learns", found.losses.back() < 0.8 * found.losses.front());
    });
  }
  report.run("kernels: predictions in bfloat16", [&](Findings& findings) {
    const ModelShape shape = small_shape("global-pointer");
    const std::string path = file_name();
    std::vector<at::Tensor> truth;
    {
      Session session(options_of(shape, false));
      session.initialise();
      session.save_weights(path);
      truth = session.scores(batch_of(3).batch);
    }
    const CudaPath cuda(true);
    std::vector<at::Tensor> scores;
    if (kOnCpu) {  // where a session asks the processor for its own bfloat16
      Model model(shape, 4);
      model.narrow_to(Precision::kBfloat16);
      scores = model.scores(batch_of(3).batch);
    } else {
      Session session(options_of(shape, true, Precision::kBfloat16));
      session.initialise();
      session.load_weights(path, LoadScope::kModel);
      scores = session.scores(batch_of(3).batch);
    }
    std::filesystem::remove(path);
    for (size_t i = 0; i < scores.size(); ++i) {
      const at::Tensor counts = truth[i].isfinite();
      findings.below("scores of sequence " + std::to_string(i),
                     relative_error(scores[i].masked_select(counts), truth[i].masked_select(counts)), 2e-2);
    }
  });
  report.run("kernels: a step that is not finite changes nothing", [&](Findings& findings) {
    const CudaPath cuda(true);
    ModelShape shape = small_shape("global-pointer");
    shape.hidden_dropout_prob = shape.attention_probs_dropout_prob =
        0;  // a refused step draws masks all the same
    const std::string path = file_name();
    Session session(options_of(shape, true)), twin(options_of(shape, true));
    for (Session* each : {&session, &twin}) {
      each->initialise();
      each->configure_training(training_of(Precision::kFloat));
      each->train_step({batch_of(1)}, kRates);
    }
    const TensorMap good = session.parameters();
    TensorMap broken = good;
    for (auto& [name, tensor] : broken) {
      if (name == "dense.bias") tensor = at::full_like(tensor, std::nan(""));
    }
    write_safetensors(path, broken, {});
    session.load_weights(path, LoadScope::kModel);
    const StepResult refused = session.train_step({batch_of(1)}, kRates).result();
    findings.holds("not applied", !refused.applied && !std::isfinite(refused.loss));
    const TensorMap after = session.parameters();
    bool same = true;
    for (size_t i = 0; i < good.size(); ++i)
      same = same && (good[i].first == "dense.bias" || after[i].second.equal(good[i].second));
    findings.holds("weights as they were", same);
    write_safetensors(path, good, {});
    session.load_weights(path, LoadScope::kModel);
    std::filesystem::remove(path);
    const StepResult next = session.train_step({batch_of(2)}, kRates).result(),
                     expected = twin.train_step({batch_of(2)}, kRates).result();
    findings.holds("the next step is applied", next.applied);
    findings.holds("and is what it would have been", next.loss == expected.loss);
    const TensorMap moved = session.parameters(), moved_twin = twin.parameters();
    for (size_t i = 0; i < moved.size(); ++i) same = same && moved[i].second.equal(moved_twin[i].second);
    findings.holds("moments and count of steps as they were", same);
  });
  report.run("kernels: recorded steps are the steps", [&](Findings& findings) {
    const CudaPath cuda(true);
    ModelShape shape = small_shape("global-pointer");
    // Masks of attention come from a kernel's generator on a GPU, and not at all from a recorded stream on
    // the CPU.
    shape.attention_probs_dropout_prob = 0;
    TrainingOptions options = training_of(Precision::kFloat);
    options.loss.label_smoothing = 0.1;
    Session plain(options_of(shape, true)), recording(options_of(shape, true));
    for (Session* each : {&plain, &recording}) {
      options.graphs = each == &recording;
      each->initialise();
      each->configure_training(options);
    }
    LabelledBatch shorter = batch_of(2);
    shorter.batch.sequences = sequences_of({20, 1, 50, 8});
    shorter.gold = gold_of(GoldKind::kSome, shorter.batch.sequences, 3, {});
    shorter.batch.token_type_ids.assign(79, 1);
    double worst = 0;
    for (int step = 0; step < 7; ++step) {
      // The first of them is another batch each time, of the same size.
      for (const LabelledBatch& batch : {batch_of(static_cast<uint64_t>(10 + step)), shorter}) {
        const StepResult expected = plain.train_step({batch}, kRates).result(),
                         found = recording.train_step({batch}, kRates).result();
        worst = std::max(worst, std::abs(found.loss - expected.loss) / expected.loss);
        worst =
            std::max(worst, std::abs(found.gradient_norm - expected.gradient_norm) / expected.gradient_norm);
      }
    }
    findings.holds("both sizes are recorded", recording.recorded_steps() == 2 && plain.recorded_steps() == 0);
    findings.below("losses and norms", worst, 1e-4);
    const TensorMap one = plain.parameters(), other = recording.parameters();
    double apart = 0;
    for (size_t i = 0; i < one.size(); ++i) {
      // Its gradient is nothing but rounding, of which AdamW makes whole steps.
      if (one[i].first.find("self.key.bias") != std::string::npos) continue;
      apart = std::max(apart, relative_error(other[i].second, one[i].second));
    }
    findings.below("weights", apart, 1e-3);
    const std::string path = file_name();
    recording.save_optimizer(path);
    recording.load_optimizer(path);
    findings.holds("a state that is loaded begins the records anew", recording.recorded_steps() == 0);
    const StepResult expected = plain.train_step({shorter}, kRates).result(),
                     found = recording.train_step({shorter}, kRates).result();
    findings.below("and goes on", std::abs(found.loss - expected.loss) / expected.loss, 1e-4);
    std::filesystem::remove(path);
  });
  report.run("kernels: a bounded number of steps is recorded", [&](Findings& findings) {
    const CudaPath cuda(true);
    ModelShape shape = small_shape("global-pointer");
    shape.num_hidden_layers = 1;
    shape.attention_probs_dropout_prob = 0;
    TrainingOptions options = training_of(Precision::kFloat);
    options.graphs = true;
    Session session(options_of(shape, true));
    session.initialise();
    session.configure_training(options);
    for (int64_t count = 1; count <= 18; ++count) {
      LabelledBatch batch;
      batch.batch.sequences = sequences_of(std::vector<int64_t>(static_cast<size_t>(count), 2));
      batch.batch.input_ids.assign(static_cast<size_t>(2 * count), 3);
      batch.gold = gold_of(GoldKind::kSome, batch.batch.sequences, 3, {});
      for (int time = 0; time < 3; ++time)
        findings.holds("applied", session.train_step({batch}, kRates).result().applied);
    }
    findings.holds("16 of 18", session.recorded_steps() == 16);
  });
  report.run("kernels: a training goes on from its file bit for bit", [&](Findings& findings) {
    const CudaPath cuda(true);
    const std::string weights = file_name() + "-weights", state = file_name() + "-state";
    Session session(options_of(small_shape("global-pointer"), true));
    session.initialise();
    session.configure_training(training_of(Precision::kBfloat16));
    session.train_step({batch_of(1)}, kRates);
    session.save_weights(weights);
    session.save_optimizer(state);
    const double expected = session.train_step({batch_of(2)}, kRates).result().loss;
    Session resumed(options_of(small_shape("global-pointer"), true));
    resumed.initialise();
    resumed.load_weights(weights, LoadScope::kModel);
    resumed.configure_training(training_of(Precision::kBfloat16));
    resumed.load_optimizer(state);
    std::filesystem::remove(weights);
    std::filesystem::remove(state);
    findings.holds("the same loss", resumed.train_step({batch_of(2)}, kRates).result().loss == expected);
    const TensorMap one = session.parameters(), other = resumed.parameters();
    bool same = true;
    for (size_t i = 0; i < one.size(); ++i) same = same && one[i].second.equal(other[i].second);
    findings.holds("the same weights", same);
  });
}

}  // namespace gp::check
