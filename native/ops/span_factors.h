#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <variant>

#include "ops/sequences.h"
#include "ops/span_cells.h"

namespace gp {

/** GlobalPointer: s_a(i, j) = q_ai . k_aj / sqrt(d), a product of its own for each entity type a. */
struct ProductFactors {
  at::Tensor query_key;  // [T, types, 2, d] query (0) and key (1), already rotated
};

/**
 * Efficient GlobalPointer (Su, kexue.fm 8877): s_a(i, j) = q_i . k_j / sqrt(d) + first_ai + last_aj, one
 * product for all types and two numbers a token and type.
 */
struct BiasedFactors {
  at::Tensor query_key;  // [T, 2, d] query (0) and key (1), already rotated
  at::Tensor bias;       // [T, types, 2] for the token as a span's last (0) and as its first (1)
};

/** TPLinker's additive scoring: s_a(i, j) = w_a . tanh(first_i + last_j) + b_a. */
struct AdditiveFactors {
  at::Tensor pair;    // [T, 2, h] the token's part as a span's first (0) and as its last (1)
  at::Tensor weight;  // [types, h]
  at::Tensor bias;    // [types]
};

/** What a head makes of the tokens of a packed batch; the scores of all spans follow from it. */
using SpanFactors = std::variant<ProductFactors, BiasedFactors, AdditiveFactors>;

int64_t type_count(const SpanFactors& factors);

/** The tensors in the order of the fields; undefined ones fill the rest. */
using FactorTensors = std::array<at::Tensor, 3>;
FactorTensors tensors_of(const SpanFactors& factors);
/** Factors of the same kind made of other tensors. */
SpanFactors like(const SpanFactors& kind, const FactorTensors& tensors);

/** [types, L, L] the scores of sequence b, every cell: in plain ATen, differentiable. */
at::Tensor dense_scores(const SpanFactors& factors, const Sequences& sequences, int64_t b);

/** [L, L], true where a cell counts; on the device of `like`. */
at::Tensor valid_cells(int64_t length, SpanCells cells, const at::Tensor& like);

/** Dense scores per sequence, [types, L, L], -infinity where a cell does not count: for tests and analysis.
 */
std::vector<at::Tensor> span_scores(const SpanFactors& factors, const Sequences& sequences, SpanCells cells);

}  // namespace gp
