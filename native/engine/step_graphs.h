#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <tuple>

#include "engine/adamw.h"
#include "engine/labelled_batch.h"
#include "model/loss_options.h"
#include "model/model.h"
#include "ops/device_graph.h"
#include "ops/random_mask.h"

namespace gp {

/**
 * Training steps that are recorded once for each size of batches, and started again as a whole: a step of a
 * small batch is hundreds of kernels, whose starting takes longer than they do. Batches are filled up to the
 * size of their bucket by sequences of padding, which do not count; masks and results are those of the batch
 * alone.
 */
class StepGraphs {
 public:
  /** All that a step does on the device. @returns [3] loss, gradient norm, 1 where it was applied */
  using Step =
      std::function<at::Tensor(const LabelledBatch& batch, const DeviceRates& rates, RandomStream& random)>;

  /** @param model outlives it */
  StepGraphs(const Model& model, const LossOptions& loss, Step step)
      : model_(model), loss_(loss), step_(std::move(step)) {}

  /**
   * Does the step where its bucket is recorded, or is to be recorded now: when it comes for the third time.
   * @returns nothing where it is to be done otherwise
   */
  std::optional<at::Tensor> step(const LabelledBatch& labelled, LearningRates rates, RandomStream& random);

  /** Forgets all records: to be called when tensors that steps write to were put in others' places. */
  void clear() { entries_.clear(); }
  /** Records that are kept. */
  int64_t recorded() const;

 private:
  /** Tokens, longest sequence, sequences, room for gold spans, and whether there are segments. */
  using Bucket = std::tuple<int64_t, int64_t, int64_t, int64_t, bool>;
  struct Inputs;
  struct Entry {
    Bucket bucket;
    int64_t seen = 0;
    std::unique_ptr<DeviceGraph> graph;
    std::shared_ptr<Inputs> inputs;
    at::Tensor numbers;
    /** Masks that a step draws: known when it was recorded. */
    std::shared_ptr<uint64_t> draws;
  };

  Entry& entry_of(const Bucket& bucket);
  /** @returns false where memory is too short for it @throws Error DEVICE where it cannot be done */
  bool record(Entry& entry);

  const Model& model_;
  LossOptions loss_;
  Step step_;
  uint64_t seed_ = 0;
  /** Since memory was too short for a recording. */
  bool off_ = false;
  /** What was used last comes first. */
  std::list<Entry> entries_;
};

}  // namespace gp
