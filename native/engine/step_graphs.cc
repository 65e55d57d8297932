#include "engine/step_graphs.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cstring>

#include "engine/error.h"
#include "ops/cuda_ops.h"
#include "ops/rounding.h"

namespace gp {
namespace {

/** Tokens, and tokens of the longest sequence, by which buckets differ. */
constexpr int64_t kTokenStep = 128;
constexpr int64_t kLengthStep = 16;
constexpr int64_t kGoldStep = 256;
/** A bucket is recorded when it comes so often: the first times show LibTorch what it needs. */
constexpr int64_t kTimesBefore = 2;
/** Records that are kept at a time; each holds the memory of a step. */
constexpr int64_t kMostRecords = 16;
/** Buckets that are remembered, recorded or not. */
constexpr size_t kMostBuckets = 256;

/** Sequences that are enough to fill up a bucket, whatever is missing. */
int64_t padding_sequences(int64_t longest) { return parts_of(kTokenStep - 1, longest); }

}  // namespace

/** What a recorded step reads, in one piece of memory, so that one copy renews it all. */
struct StepGraphs::Inputs {
  Inputs(const Bucket& bucket, int64_t types, bool has_positions, const at::Device& device)
      : Inputs(bucket, types, has_positions) {
    bytes = at::empty({size}, at::TensorOptions(at::kByte).device(device));
    const auto [tokens, longest, sequences, room, has_segments] = bucket;
    padding = padding_sequences(longest);
    draws = view(0, 1, at::kLong);
    const at::Tensor both = view(rates_at, 2, at::kFloat);
    rates = {both.select(0, 0), both.select(0, 1)};
    LabelledBatch& whole = labelled;
    whole.batch.there = {view(ids_at, tokens, at::kInt),
                         has_segments ? view(segments_at, tokens, at::kInt) : at::Tensor(),
                         has_positions ? view(rows_at, tokens, at::kInt) : at::Tensor()};
    whole.batch.padding_sequences = padding;
    whole.batch.sequences = Sequences::known_there(sequences + padding, tokens, longest,
                                                   view(starts_at, sequences + padding + 1, at::kInt),
                                                   view(positions_at, tokens, at::kInt));
    whole.gold.there = {view(places_at, places, at::kInt), view(targets_at, room, at::kDouble)};
  }

  /** Renews it all by that of a batch, whose gold spans are as they are to be learnt. */
  void fill(const Batch& batch, const Batch::There& looked_up, const GoldSpans& gold,
            LearningRates learning_rates, uint64_t first_draw) {
    const bool on_cuda = bytes.is_cuda();
    const at::Tensor host = at::empty({size}, at::TensorOptions(at::kByte).pinned_memory(on_cuda)).zero_();
    auto* const to = host.data_ptr<uint8_t>();
    const auto put = [&](int64_t at, const auto& values) {
      std::memcpy(to + at, values.data(), values.size() * sizeof(values[0]));
    };
    const auto put_tensor = [&](int64_t at, const at::Tensor& values) {
      if (values.defined()) std::memcpy(to + at, values.const_data_ptr(), values.nbytes());
    };
    put(0, std::vector<int64_t>{static_cast<int64_t>(first_draw)});
    put(rates_at, std::vector<float>{static_cast<float>(learning_rates.encoder),
                                     static_cast<float>(learning_rates.head)});
    std::vector<double> targets;
    for (const auto& cell : gold.cells) targets.push_back(cell.target);
    put(targets_at, targets);
    put_tensor(ids_at, looked_up.ids);
    put_tensor(segments_at, looked_up.token_types);
    put_tensor(rows_at, looked_up.position_rows);
    const Sequences& real = batch.sequences;
    const int64_t tokens = labelled.batch.sequences.total(), longest = labelled.batch.sequences.longest();
    std::vector<int32_t> starts(real.starts.begin(), real.starts.end()), positions;
    for (int64_t k = 0; k < padding; ++k)
      starts.push_back(static_cast<int32_t>(std::min<int64_t>(starts.back() + longest, tokens)));
    for (size_t b = 0; b + 1 < starts.size(); ++b) {
      for (int32_t t = starts[b]; t < starts[b + 1]; ++t) positions.push_back(t - starts[b]);
    }
    put(starts_at, starts);
    put(positions_at, positions);
    put(places_at, gold_places(gold, static_cast<size_t>(labelled.gold.there->targets.size(0))));
    bytes.copy_(host, /*non_blocking=*/true);
  }

  at::Tensor bytes;
  at::Tensor draws;
  DeviceRates rates;
  LabelledBatch labelled;

 private:
  /** Where each part begins. */
  Inputs(const Bucket& bucket, int64_t types, bool has_positions) {
    const auto [tokens, longest, sequences, room, has_segments] = bucket;
    const auto take = [&](int64_t count, int64_t width) {
      const int64_t at = size;
      size = filled_up(size + count * width, int64_t{16});
      return at;
    };
    places = sequences * types + 1 + 2 * room;
    take(1, sizeof(int64_t));  // draws, at 0
    rates_at = take(2, sizeof(float));
    targets_at = take(room, sizeof(double));
    ids_at = take(tokens, sizeof(int32_t));
    segments_at = take(has_segments ? tokens : 0, sizeof(int32_t));
    rows_at = take(has_positions ? tokens : 0, sizeof(int32_t));
    starts_at = take(sequences + padding_sequences(longest) + 1, sizeof(int32_t));
    positions_at = take(tokens, sizeof(int32_t));
    places_at = take(places, sizeof(int32_t));
  }

  at::Tensor view(int64_t at, int64_t count, at::ScalarType type) const {
    return bytes.narrow(0, at, count * static_cast<int64_t>(c10::elementSize(type))).view(type);
  }

  int64_t size = 0, rates_at = 0, targets_at = 0, ids_at = 0, segments_at = 0, rows_at = 0, starts_at = 0,
          positions_at = 0, places_at = 0, places = 0, padding = 0;
};

StepGraphs::Entry& StepGraphs::entry_of(const Bucket& bucket) {
  const auto found = std::find_if(entries_.begin(), entries_.end(),
                                  [&](const Entry& entry) { return entry.bucket == bucket; });
  if (found != entries_.end()) {
    entries_.splice(entries_.begin(), entries_, found);
    return entries_.front();
  }
  entries_.emplace_front();
  entries_.front().bucket = bucket;
  if (entries_.size() > kMostBuckets) entries_.pop_back();
  return entries_.front();
}

int64_t StepGraphs::recorded() const {
  return std::count_if(entries_.begin(), entries_.end(),
                       [](const Entry& entry) { return entry.graph != nullptr; });
}

bool StepGraphs::record(Entry& entry) {
  // What was used longest ago makes room.
  for (auto last = entries_.rbegin(); recorded() >= kMostRecords && last != entries_.rend(); ++last) {
    last->graph.reset();
    last->inputs.reset();
    last->numbers = at::Tensor();
    last->seen = 0;
  }
  const at::Tensor& any = model_.parameters().all().at(0).second;
  const ModelShape& shape = model_.shape();
  auto inputs = std::make_shared<Inputs>(entry.bucket, shape.entity_type_count,
                                         shape.positions == Positions::kLearned, any.device());
  const at::Tensor numbers = at::zeros({3}, any.options().dtype(at::kDouble).requires_grad(false));
  auto draws = std::make_shared<uint64_t>(0);
  auto graph = cuda_ops_for(any)->graph();
  // Seeds are part of the kernels' arguments: those of a training do not change.
  try {
    graph->record([step = step_, inputs, numbers, draws, seed = seed_] {
      RandomStream stream{seed, 0, inputs->draws.const_data_ptr<int64_t>()};
      const at::Tensor found = step(inputs->labelled, inputs->rates, stream);
      at::Tensor(numbers).copy_(found);
      *draws = stream.draws;
    });
  } catch (...) {
    const Failure failure = describe_current_exception();
    if (failure.code == "OUT_OF_MEMORY") return false;
    throw Error("DEVICE", "A training step could not be recorded as a CUDA graph (" + failure.message +
                              "): leave training.cudaGraphs off.");
  }
  entry.graph = std::move(graph);
  entry.inputs = std::move(inputs);
  entry.numbers = numbers;
  entry.draws = std::move(draws);
  return true;
}

std::optional<at::Tensor> StepGraphs::step(const LabelledBatch& labelled, LearningRates rates,
                                           RandomStream& random) {
  const Sequences& sequences = labelled.batch.sequences;
  if (off_) return std::nullopt;
  if (seed_ != random.seed) clear();
  seed_ = random.seed;
  const GoldSpans gold = loss_.label_smoothing > 0
                             ? smooth_boundaries(labelled.gold, sequences, model_.shape().entity_type_count,
                                                 loss_.label_smoothing)
                             : labelled.gold;
  Entry& entry =
      entry_of({filled_up(sequences.total(), kTokenStep), filled_up(sequences.longest(), kLengthStep),
                sequences.count(), filled_up(static_cast<int64_t>(gold.cells.size()) + 1, kGoldStep),
                !labelled.batch.token_type_ids.empty()});
  if (!entry.graph) {
    if (entry.seen++ < kTimesBefore) return std::nullopt;
    if (!record(entry)) {
      off_ = true;
      clear();
      return std::nullopt;
    }
  }
  entry.inputs->fill(labelled.batch, model_.batch_on(labelled.batch, at::kCPU), gold, rates, random.draws);
  entry.graph->replay();
  random.draws += *entry.draws;
  return entry.numbers;
}

}  // namespace gp
