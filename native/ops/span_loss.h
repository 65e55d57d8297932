#pragma once

#include <ATen/core/Tensor.h>

#include "ops/gold_spans.h"
#include "ops/sequences.h"
#include "ops/span_cells.h"
#include "ops/span_factors.h"

namespace gp {

/**
 * Multilabel categorical cross-entropy over all spans (Su, kexue.fm 7359; arXiv 2208.03054 eq. 7): the mean
 * over (sequence, type) of log(1 + sum_{not gold} e^s) + log(1 + sum_{gold} e^-s), i <= j.
 *
 * A gold cell whose target t is below 1 counts on both sides (Su, kexue.fm 9064): its terms are t e^-s among
 * the gold and (1 - t) e^s among the others.
 * @return scalar
 */
at::Tensor span_loss(const SpanFactors& factors, const Sequences& sequences, const GoldSpans& gold,
                     SpanCells cells);
/** The same in plain ATen, dense scores of one sequence at a time. */
at::Tensor span_loss_reference(const SpanFactors& factors, const Sequences& sequences, const GoldSpans& gold,
                               SpanCells cells);
/** The same in tiles, gradient included, without ever holding a score matrix of the batch. CPU. */
at::Tensor span_loss_cpu(const SpanFactors& factors, const Sequences& sequences, const GoldSpans& gold,
                         SpanCells cells);
/** The same by kernels, tile by tile, scores and sums in single precision; additive factors take the plain
 * way. CUDA, bfloat16 too. */
at::Tensor span_loss_cuda(const SpanFactors& factors, const Sequences& sequences, const GoldSpans& gold,
                          SpanCells cells);

}  // namespace gp
