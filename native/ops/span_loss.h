#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "ops/sequences.h"
#include "ops/span_cells.h"

namespace gp {

/** The gold spans of a packed batch, grouped by (sequence, type), sorted by (start, end), each once. */
struct GoldSpans {
  struct Cell {
    int64_t start;
    int64_t end;
    bool operator<(const Cell& other) const {
      return start != other.start ? start < other.start : end < other.end;
    }
    bool operator==(const Cell& other) const { return start == other.start && end == other.end; }
  };
  /** [B * types + 1] where the cells of (sequence b, type t) begin: starts[b * types + t]. */
  std::vector<int64_t> starts;
  std::vector<Cell> cells;
};

/** Groups parallel columns of spans; a span given twice counts once. Indices must have been checked. */
GoldSpans group_gold_spans(int64_t sequences, int64_t types, const std::vector<int32_t>& sequence,
                           const std::vector<int32_t>& type, const std::vector<int32_t>& start,
                           const std::vector<int32_t>& end);

/**
 * Multilabel categorical cross-entropy over all spans (Su, kexue.fm 7359; arXiv 2208.03054 eq. 7): the mean
 * over (sequence, type) of log(1 + sum_{not gold} e^s) + log(1 + sum_{gold} e^-s), s(i, j) = q_i . k_j /
 * sqrt(d), i <= j.
 * @param query_key [T, types, 2, d] query (0) and key (1) of each token and type, already rotated
 * @return scalar
 */
at::Tensor span_loss(const at::Tensor& query_key, const Sequences& sequences, const GoldSpans& gold,
                     SpanCells cells);
/** The same in plain ATen, dense scores of one sequence at a time. */
at::Tensor span_loss_reference(const at::Tensor& query_key, const Sequences& sequences, const GoldSpans& gold,
                               SpanCells cells);
/** The same in tiles, gradient included, without ever holding a score matrix of the batch. CPU. */
at::Tensor span_loss_cpu(const at::Tensor& query_key, const Sequences& sequences, const GoldSpans& gold,
                         SpanCells cells);

/** Dense scores per sequence, [types, L, L], -infinity where a cell does not count: for tests and analysis.
 */
std::vector<at::Tensor> span_scores(const at::Tensor& query_key, const Sequences& sequences, SpanCells cells);

}  // namespace gp
