#pragma once

#include <cstdint>
#include <vector>

#include "ops/sequences.h"

namespace gp {

/** A packed batch as it came over the border, checked: ids within the vocabulary, lengths within the
 * positions. */
struct Batch {
  std::vector<int32_t> input_ids;       // [T]
  std::vector<int32_t> token_type_ids;  // [T], or empty for all zeros
  Sequences sequences;
};

}  // namespace gp
