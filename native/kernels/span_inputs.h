#pragma once

#include <cstdint>

#include "kernels/scalar.h"

namespace gp::kernels {

/**
 * What the scores of all spans are made of: s_a(i, j) = scale q_i . k_j + first_ai + last_aj, where a type a
 * has a query and a key of its own (groups = types, no bias) or all share one pair (groups = 1).
 */
template <typename Storage>
struct SpanInputs {
  const Storage* query_key;  // [T, groups, 2, size]
  const Storage*
      bias;  // [T, types, 2] for the token as a span's last (0) and as its first (1); null for none
  const int32_t* starts;  // [sequences + 1] cumulative lengths
  int32_t sequences;
  int32_t longest;
  int32_t groups;
  int32_t types;
  int32_t size;
  bool mask_special_tokens;
  double scale;
};

/** Gold spans by (sequence, type), as ops/gold_spans.h has them. */
struct GoldInputs {
  const int32_t* starts;  // [sequences * types + 1]
  const int32_t* first;   // [spans]
  const int32_t* last;    // [spans]
  const double* target;   // [spans]
  int32_t spans;
};

/** Rows and columns of the tiles that scores are computed in. */
inline constexpr int kTile = 64;

__host__ __device__ inline int32_t tiles_of(int32_t length) { return (length + kTile - 1) / kTile; }

}  // namespace gp::kernels
