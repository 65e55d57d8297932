#pragma once

#include <cstdint>

#include "kernels/span_inputs.h"

namespace gp::kernels {

/** What is kept between the parts of the span loss, on the device. `task` = sequence * types + type. */
template <typename R>
struct SpanLossRoom {
  R* tile_maxima;  // [tasks, tiles, tiles] largest score of a tile that is not gold, at least 0
  R* tile_sums;    // [tasks, tiles, tiles] sum of e^(score - that maximum)
  R* gold_scores;  // [gold spans]
  R* negatives;    // [tasks] log(1 + sum of e^s), not gold
  R* positives;    // [tasks] log(1 + sum of e^-s), gold
  double* losses;  // [tasks]
  R* loss;         // [1] the mean of those
};

/**
 * The loss that ops/span_loss.h defines. Tiles of scores are computed, never stored; sums are taken in an
 * order that depends on the sizes alone.
 */
template <typename Storage>
void span_loss(const SpanInputs<Storage>& in, const GoldInputs& gold, const SpanLossRoom<Real<Storage>>& room,
               Stream stream);

/**
 * Its derivatives, after `span_loss` over the same.
 * @param query_key_gradient [T, groups, 2, size]
 * @param bias_gradient [T, types, 2], zeros to begin with; null where there is no bias
 */
template <typename Storage>
void span_loss_backward(const SpanInputs<Storage>& in, const GoldInputs& gold,
                        const SpanLossRoom<Real<Storage>>& room, Storage* query_key_gradient,
                        Real<Storage>* bias_gradient, Stream stream);

}  // namespace gp::kernels
