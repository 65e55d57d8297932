#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "ops/sequences.h"

namespace gp {

/** A packed batch as it came over the border, checked: ids within the vocabulary, lengths within the
 * positions. */
struct Batch {
  std::vector<int32_t> input_ids;       // [T]
  std::vector<int32_t> token_type_ids;  // [T], or empty for all zeros
  Sequences sequences;

  /** The same on a device, each [T] of 32-bit integers. */
  struct There {
    at::Tensor ids;
    at::Tensor token_types;    // undefined for all zeros
    at::Tensor position_rows;  // in the table of positions; undefined where there is none
  };
  /** Where it is set, a device knows the batch alone, and so it is with `sequences`: for steps that are
   * recorded. */
  std::optional<There> there;
  /** Sequences at the end that fill a recorded step up and do not count. */
  int64_t padding_sequences = 0;
};

/** The batch with all its sequences once more behind. */
inline Batch doubled(const Batch& batch) {
  Batch twice = batch;
  twice.input_ids.insert(twice.input_ids.end(), batch.input_ids.begin(), batch.input_ids.end());
  twice.token_type_ids.insert(twice.token_type_ids.end(), batch.token_type_ids.begin(),
                              batch.token_type_ids.end());
  std::vector<int64_t> starts = batch.sequences.starts;
  for (int64_t b = 0; b < batch.sequences.count(); ++b)
    starts.push_back(batch.sequences.total() + batch.sequences.begin(b + 1));
  twice.sequences = Sequences(std::move(starts));
  return twice;
}

}  // namespace gp
