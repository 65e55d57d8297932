#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "ops/sequences.h"
#include "ops/span_cells.h"
#include "ops/span_loss.h"

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

}  // namespace gp::check
