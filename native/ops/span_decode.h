#pragma once

#include <cstdint>
#include <vector>

#include "ops/sequences.h"
#include "ops/span_cells.h"
#include "ops/span_factors.h"

namespace gp {

/** A span whose score is above its type's threshold; start and end are token indices in the sequence,
 * inclusive. */
struct SpanHit {
  int32_t sequence;
  int32_t type;
  int32_t start;
  int32_t end;
  float score;
};

/**
 * Every span that counts and scores above thresholds[type], ordered by (sequence, type, start, end).
 * @param thresholds [types]
 */
std::vector<SpanHit> span_decode(const SpanFactors& factors, const Sequences& sequences,
                                 const std::vector<float>& thresholds, SpanCells cells);
/** The same from dense scores, in plain ATen. */
std::vector<SpanHit> span_decode_reference(const SpanFactors& factors, const Sequences& sequences,
                                           const std::vector<float>& thresholds, SpanCells cells);
/** The same in tiles: only the hits are ever stored. CPU. */
std::vector<SpanHit> span_decode_cpu(const SpanFactors& factors, const Sequences& sequences,
                                     const std::vector<float>& thresholds, SpanCells cells);
/** The same by a kernel: hits alone leave the device. Additive factors take the plain way. CUDA, bfloat16
 * too. */
std::vector<SpanHit> span_decode_cuda(const SpanFactors& factors, const Sequences& sequences,
                                      const std::vector<float>& thresholds, SpanCells cells);

}  // namespace gp
