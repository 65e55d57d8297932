#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "ops/gold_spans.h"
#include "ops/sequences.h"
#include "ops/span_cells.h"
#include "ops/span_factors.h"

namespace gp::check {

/** Normal deviates in double, the same for the same seed. */
at::Tensor random_tensor(at::IntArrayRef sizes, uint64_t seed);

Sequences sequences_of(const std::vector<int64_t>& lengths);

/** Single sequences at and around the borders of tiles (64) and of kept scores (512), and batches of unequal
 * ones. */
const std::vector<std::vector<int64_t>>& batches_of_lengths();

/** "lengths 5, 1, 64" */
std::string lengths_text(const std::vector<int64_t>& lengths);

enum class GoldKind { kNone, kSome, kAll, kCorners, kOneTypeWithout };
std::string gold_text(GoldKind kind);
GoldSpans gold_of(GoldKind kind, const Sequences& sequences, int64_t types, SpanCells cells);

/** Gold spans, the first of every (sequence, type) of a target below 1, as smoothing makes them. */
GoldSpans with_soft_targets(GoldSpans gold);

enum class FactorKind { kProduct, kBiased, kAdditive };
constexpr FactorKind kFactorKinds[] = {FactorKind::kProduct, FactorKind::kBiased, FactorKind::kAdditive};
std::string factor_text(FactorKind kind);
/** Random tensors of the right sizes in double, `size` being that of a vector. */
std::vector<at::Tensor> random_factors(FactorKind kind, int64_t tokens, int64_t types, int64_t size);
SpanFactors factors_of(FactorKind kind, const std::vector<at::Tensor>& tensors);
/** One score from its definition, term by term; `first` and `last` count over the packed batch. */
long double score_by_definition(FactorKind kind, const std::vector<at::Tensor>& tensors, int64_t type,
                                int64_t first, int64_t last);

}  // namespace gp::check
