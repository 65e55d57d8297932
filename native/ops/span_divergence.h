#pragma once

#include <ATen/core/Tensor.h>

#include "ops/sequences.h"
#include "ops/span_cells.h"
#include "ops/span_factors.h"

namespace gp {

/**
 * How far two passes over the same sequences, with other dropout masks, are apart: R-Drop's term (Wu et al.
 * 2021, arXiv 2106.14448) for independent labels. Each cell is a Bernoulli distribution with its score as
 * logit; the term is the mean over (sequence, type) of the sum over all cells of half their symmetric
 * Kullback-Leibler divergence, 0.5 (sigmoid(s) - sigmoid(s')) (s - s').
 * @param factors of 2 B sequences: the second B are the first B again
 * @return scalar
 */
at::Tensor span_divergence(const SpanFactors& factors, const Sequences& sequences, SpanCells cells);
/** The same in plain ATen, dense scores of two sequences at a time. */
at::Tensor span_divergence_reference(const SpanFactors& factors, const Sequences& sequences, SpanCells cells);
/** The same in tiles, gradient included. CPU. */
at::Tensor span_divergence_cpu(const SpanFactors& factors, const Sequences& sequences, SpanCells cells);

}  // namespace gp
