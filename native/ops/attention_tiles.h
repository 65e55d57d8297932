#pragma once

#include <cstdint>

#include "ops/random_mask.h"
#include "ops/sequences.h"

namespace gp {

/** What attention is computed over: see `attention`. */
struct AttentionShape {
  const Sequences& sequences;
  int64_t heads;
  int64_t size;  // of a head
  double p;      // of dropout
  MaskKey key;
};

/** out [T, heads, d] by tile products, 64 queries of a head at a time. @param qkv [T, 3, heads, d] */
void attention_tiles_forward(const AttentionShape& shape, const float* qkv, float* out);

/** dqkv [T, 3, heads, d]; weights and masks are computed again. @param gradient [T, heads, d] */
void attention_tiles_backward(const AttentionShape& shape, const float* qkv, const float* gradient,
                              float* dqkv);

}  // namespace gp
