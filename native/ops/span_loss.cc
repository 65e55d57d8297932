#include "ops/span_loss.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "ops/dispatch.h"

namespace gp {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/** [L, L], true where a cell counts. */
at::Tensor valid_cells(int64_t length, SpanCells cells, const at::Tensor& like) {
  const at::Tensor index = at::arange(length, like.options().dtype(at::kLong));
  const at::Tensor inside = index.ge(cells.first(length)).logical_and(index.lt(cells.end(length)));
  const at::Tensor ordered = index.unsqueeze(1).le(index.unsqueeze(0));
  return ordered.logical_and(inside.unsqueeze(1)).logical_and(inside.unsqueeze(0));
}

/** [types, L, L] q_i . k_j / sqrt(d) of one sequence, every cell. */
at::Tensor all_scores(const at::Tensor& query_key, const Sequences& sequences, int64_t b) {
  const at::Tensor rows = query_key.narrow(0, sequences.begin(b), sequences.length(b));
  const at::Tensor query = rows.select(2, 0).permute({1, 0, 2});  // [types, L, d]
  const at::Tensor key = rows.select(2, 1).permute({1, 2, 0});    // [types, d, L]
  return at::matmul(query, key) / std::sqrt(static_cast<double>(query_key.size(3)));
}

}  // namespace

GoldSpans group_gold_spans(int64_t sequences, int64_t types, const std::vector<int32_t>& sequence,
                           const std::vector<int32_t>& type, const std::vector<int32_t>& start,
                           const std::vector<int32_t>& end) {
  std::vector<std::vector<GoldSpans::Cell>> groups(static_cast<size_t>(sequences * types));
  for (size_t i = 0; i < sequence.size(); ++i) {
    groups[static_cast<size_t>(sequence[i] * types + type[i])].push_back({start[i], end[i]});
  }
  GoldSpans gold;
  gold.starts.push_back(0);
  for (auto& group : groups) {
    std::sort(group.begin(), group.end());
    group.erase(std::unique(group.begin(), group.end()), group.end());
    gold.cells.insert(gold.cells.end(), group.begin(), group.end());
    gold.starts.push_back(static_cast<int64_t>(gold.cells.size()));
  }
  return gold;
}

std::vector<at::Tensor> span_scores(const at::Tensor& query_key, const Sequences& sequences,
                                    SpanCells cells) {
  std::vector<at::Tensor> scores;
  for (int64_t b = 0; b < sequences.count(); ++b) {
    const at::Tensor valid = valid_cells(sequences.length(b), cells, query_key);
    scores.push_back(all_scores(query_key, sequences, b).masked_fill(valid.logical_not(), -kInfinity));
  }
  return scores;
}

at::Tensor span_loss_reference(const at::Tensor& query_key, const Sequences& sequences, const GoldSpans& gold,
                               SpanCells cells) {
  const int64_t types = query_key.size(1);
  std::vector<at::Tensor> losses;
  for (int64_t b = 0; b < sequences.count(); ++b) {
    const int64_t length = sequences.length(b);
    const at::Tensor scores = all_scores(query_key, sequences, b).flatten(1);               // [types, L*L]
    const at::Tensor valid = valid_cells(length, cells, query_key).flatten().unsqueeze(0);  // [1, L*L]
    at::Tensor positive = at::zeros(scores.sizes(), at::TensorOptions(at::kBool));
    auto cell = positive.accessor<bool, 2>();
    for (int64_t type = 0; type < types; ++type) {
      const auto task = static_cast<size_t>(b * types + type);
      for (int64_t i = gold.starts[task]; i < gold.starts[task + 1]; ++i) {
        const auto& span = gold.cells[static_cast<size_t>(i)];
        cell[type][span.start * length + span.end] = true;
      }
    }
    positive = positive.to(scores.device());
    const at::Tensor one = at::zeros({types, 1}, scores.options());  // e^0: the "1 +" of both logarithms
    const at::Tensor negatives = scores.masked_fill(valid.logical_not().logical_or(positive), -kInfinity);
    const at::Tensor positives = scores.neg().masked_fill(positive.logical_not(), -kInfinity);
    losses.push_back(at::logsumexp(at::cat({one, negatives}, 1), {1}) +
                     at::logsumexp(at::cat({one, positives}, 1), {1}));
  }
  return at::cat(losses).mean();
}

at::Tensor span_loss(const at::Tensor& query_key, const Sequences& sequences, const GoldSpans& gold,
                     SpanCells cells) {
  return takes_cpu_path(query_key) ? span_loss_cpu(query_key, sequences, gold, cells)
                                   : span_loss_reference(query_key, sequences, gold, cells);
}

}  // namespace gp
