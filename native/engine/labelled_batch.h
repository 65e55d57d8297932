#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/batch.h"
#include "ops/gold_spans.h"

namespace gp {

/** A batch with what the model should find in it. */
struct LabelledBatch {
  Batch batch;
  GoldSpans gold;
};

/** The same sequences in the same order, at most `most` in a batch. @param types of the model */
std::vector<LabelledBatch> in_parts(const std::vector<LabelledBatch>& batches, int64_t most, int64_t types);

/** Sequences of the largest batch. */
int64_t most_sequences(const std::vector<LabelledBatch>& batches);

/** How large a batch is, in words: "64 sequences, the longest of 512 tokens, 20480 tokens in all". */
std::string size_in_words(const Batch& batch);

}  // namespace gp
