#include <sys/resource.h>
#include <unistd.h>

#include <cmath>
#include <fstream>
#include <numeric>
#include <string>

#include "checks.h"
#include "compare.h"
#include "engine/error.h"
#include "engine/session.h"
#include "inputs.h"

namespace gp::check {
namespace {

constexpr int64_t kTypes = 2;

LabelledBatch batch_of(const std::vector<int64_t>& lengths) {
  LabelledBatch labelled;
  labelled.batch.sequences = sequences_of(lengths);
  labelled.batch.input_ids.resize(static_cast<size_t>(labelled.batch.sequences.total()));
  std::iota(labelled.batch.input_ids.begin(), labelled.batch.input_ids.end(), 0);
  for (int32_t& id : labelled.batch.input_ids) id = id % 90 + 1;
  labelled.gold = gold_of(GoldKind::kSome, labelled.batch.sequences, kTypes, {});
  return labelled;
}

#if defined(__linux__)
/** While it lives, the process may take no more than so many bytes beside what it has. */
class ShortMemory {
 public:
  explicit ShortMemory(int64_t bytes) {
    std::ifstream statm("/proc/self/statm");
    int64_t pages = 0;
    statm >> pages;
    getrlimit(RLIMIT_AS, &before_);
    rlimit limit = before_;
    limit.rlim_cur = static_cast<rlim_t>(pages * sysconf(_SC_PAGESIZE) + bytes);
    setrlimit(RLIMIT_AS, &limit);
  }
  ~ShortMemory() { setrlimit(RLIMIT_AS, &before_); }

 private:
  rlimit before_{};
};

ModelShape wide_shape() {
  ModelShape shape;
  shape.vocab_size = 100;
  shape.hidden_size = shape.embedding_size = 256;
  shape.num_hidden_layers = 4;
  shape.num_attention_heads = 4;
  shape.intermediate_size = 1024;
  shape.max_position_embeddings = 128;
  shape.type_vocab_size = 2;
  shape.entity_type_count = kTypes;
  shape.head_size = 16;
  shape.hidden_dropout_prob = shape.attention_probs_dropout_prob = 0;
  return shape;
}

std::unique_ptr<Session> learning_session(bool auto_micro_batch) {
  SessionOptions options;
  options.shape = wide_shape();
  options.device = "cpu";
  options.threads = 1;
  auto session = std::make_unique<Session>(options);
  session->initialise();
  TrainingOptions training;
  training.auto_micro_batch = auto_micro_batch;
  session->configure_training(training);
  return session;
}

void check_short_memory(Report& report) {
  // Its activations take some 600 MB.
  const std::vector<LabelledBatch> batches = {batch_of(std::vector<int64_t>(64, 100))};
  constexpr LearningRates kRates{1e-3, 1e-3};
  constexpr int64_t kShort = int64_t{300} << 20;
  report.run("labelled batches: a step for which memory is short is refused, and says of what size it was",
             [&](Findings& findings) {
               const auto session = learning_session(false);
               session->train_step({batch_of({100})}, kRates);
               const TensorMap before = session->parameters();
               std::string code, message;
               try {
                 const ShortMemory limit(kShort);
                 session->train_step(batches, kRates);
               } catch (const Error& error) {
                 code = error.code();
                 message = error.what();
               }
               findings.holds("OUT_OF_MEMORY, not " + code, code == "OUT_OF_MEMORY");
               findings.holds("the size in " + message,
                              message.find("64 sequences, the longest of 100 tokens, 6400 tokens in all") !=
                                  std::string::npos);
               const TensorMap after = session->parameters();
               bool same = true;
               for (size_t i = 0; i < before.size(); ++i)
                 same = same && before[i].second.equal(after[i].second);
               findings.holds("nothing changed", same);
             });
  report.run("labelled batches: or computed in halves, with the same gradient", [&](Findings& findings) {
    const auto session = learning_session(true), twin = learning_session(true);
    StepResult found;
    {
      const ShortMemory limit(kShort);
      found = session->train_step(batches, kRates).result();
    }
    const StepResult expected = twin->train_step(batches, kRates).result();
    findings.holds("fewer at a time: " + std::to_string(found.micro_batch),
                   found.micro_batch > 0 && found.micro_batch < 64);
    findings.holds("all at a time where there is memory", expected.micro_batch == 0);
    findings.below("loss", std::abs(found.loss - expected.loss) / expected.loss, 1e-5);
    findings.below("gradient norm",
                   std::abs(found.gradient_norm - expected.gradient_norm) / expected.gradient_norm, 1e-4);
    findings.holds("and so it stays",
                   session->train_step(batches, kRates).result().micro_batch == found.micro_batch);
  });
}
#endif

}  // namespace

void check_labelled_batch(Report& report) {
  report.run("labelled batches: parts hold what the whole held", [](Findings& findings) {
    LabelledBatch whole = batch_of({3, 1, 20, 7, 5});
    whole.batch.token_type_ids.assign(36, 0);
    whole.batch.token_type_ids[24] = 1;  // the first token of the fourth sequence
    const auto parts = in_parts({whole, batch_of({4})}, 2, kTypes);
    findings.holds("four parts", parts.size() == 4);
    std::vector<int64_t> lengths, cells;
    std::vector<int32_t> ids, token_types;
    for (size_t i = 0; i < 3; ++i) {
      const auto& [batch, gold] = parts[i];
      for (int64_t b = 0; b < batch.sequences.count(); ++b) lengths.push_back(batch.sequences.length(b));
      ids.insert(ids.end(), batch.input_ids.begin(), batch.input_ids.end());
      token_types.insert(token_types.end(), batch.token_type_ids.begin(), batch.token_type_ids.end());
      findings.holds("gold begins at 0", gold.starts.front() == 0);
      findings.holds("groups",
                     static_cast<int64_t>(gold.starts.size()) == batch.sequences.count() * kTypes + 1);
      for (const auto& cell : gold.cells) cells.insert(cells.end(), {cell.start, cell.end});
    }
    std::vector<int64_t> expected;
    for (const auto& cell : whole.gold.cells) expected.insert(expected.end(), {cell.start, cell.end});
    findings.holds("lengths", lengths == std::vector<int64_t>({3, 1, 20, 7, 5}));
    findings.holds("ids", ids == whole.batch.input_ids && token_types == whole.batch.token_type_ids);
    findings.holds("gold spans", cells == expected);
    findings.holds("in words", size_in_words(parts[2].batch) == "1 sequence of 5 tokens" &&
                                   size_in_words(parts[1].batch) ==
                                       "2 sequences, the longest of 20 tokens, 27 tokens in all");
  });
#if defined(__linux__)
  check_short_memory(report);
#endif
}

}  // namespace gp::check
