#pragma once

#include <cstdint>

#include "kernels/span_inputs.h"

namespace gp::kernels {

/** A span above its type's threshold. */
struct Hit {
  int32_t sequence;
  int32_t type;
  int32_t first;
  int32_t last;
  float score;
};

/**
 * Every span that counts and scores above thresholds[type], in no order.
 * @param thresholds [types]
 * @param count [1] zero to begin with; the number of hits, which may be more than there is room for
 * @param hits [capacity]
 */
template <typename Storage>
void span_decode(const SpanInputs<Storage>& in, const float* thresholds, int32_t capacity, int32_t* count,
                 Hit* hits, Stream stream);

}  // namespace gp::kernels
