#include "ops/span_factors.h"

#include <ATen/ATen.h>

#include <cmath>
#include <limits>

#include "ops/dispatch.h"

namespace gp {
namespace {

/** The rows of a packed tensor that belong to sequence b. */
at::Tensor rows_of(const at::Tensor& packed, const Sequences& sequences, int64_t b) {
  return packed.narrow(0, sequences.begin(b), sequences.length(b));
}

at::Tensor scores_of(const ProductFactors& factors, const Sequences& sequences, int64_t b) {
  const at::Tensor rows = in_single(rows_of(factors.query_key, sequences, b));
  const at::Tensor query = rows.select(2, 0).permute({1, 0, 2});  // [types, L, d]
  const at::Tensor key = rows.select(2, 1).permute({1, 2, 0});    // [types, d, L]
  return at::matmul(query, key) / std::sqrt(static_cast<double>(rows.size(3)));
}

at::Tensor scores_of(const BiasedFactors& factors, const Sequences& sequences, int64_t b) {
  const at::Tensor rows = in_single(rows_of(factors.query_key, sequences, b));
  const at::Tensor product = at::matmul(rows.select(1, 0), rows.select(1, 1).t()) /
                             std::sqrt(static_cast<double>(rows.size(2)));                    // [L, L]
  const at::Tensor bias = in_single(rows_of(factors.bias, sequences, b)).permute({2, 1, 0});  // [2, types, L]
  return product.unsqueeze(0) + bias.select(0, 1).unsqueeze(2) + bias.select(0, 0).unsqueeze(1);
}

at::Tensor scores_of(const AdditiveFactors& factors, const Sequences& sequences, int64_t b) {
  const at::Tensor rows = in_single(rows_of(factors.pair, sequences, b));
  const at::Tensor pairs =
      at::tanh(rows.select(1, 0).unsqueeze(1) + rows.select(1, 1).unsqueeze(0));  // [L, L, h]
  return at::linear(pairs, in_single(factors.weight), in_single(factors.bias))
      .permute({2, 0, 1});  // [types, L, L]
}

}  // namespace

int64_t type_count(const SpanFactors& factors) {
  if (const auto* product = std::get_if<ProductFactors>(&factors)) return product->query_key.size(1);
  if (const auto* biased = std::get_if<BiasedFactors>(&factors)) return biased->bias.size(1);
  return std::get<AdditiveFactors>(factors).weight.size(0);
}

FactorTensors tensors_of(const SpanFactors& factors) {
  if (const auto* product = std::get_if<ProductFactors>(&factors)) return {product->query_key};
  if (const auto* biased = std::get_if<BiasedFactors>(&factors)) return {biased->query_key, biased->bias};
  const auto& additive = std::get<AdditiveFactors>(factors);
  return {additive.pair, additive.weight, additive.bias};
}

SpanFactors like(const SpanFactors& kind, const FactorTensors& tensors) {
  if (std::holds_alternative<ProductFactors>(kind)) return ProductFactors{tensors[0]};
  if (std::holds_alternative<BiasedFactors>(kind)) return BiasedFactors{tensors[0], tensors[1]};
  return AdditiveFactors{tensors[0], tensors[1], tensors[2]};
}

at::Tensor dense_scores(const SpanFactors& factors, const Sequences& sequences, int64_t b) {
  return std::visit([&](const auto& kind) { return scores_of(kind, sequences, b); }, factors);
}

at::Tensor valid_cells(int64_t length, SpanCells cells, const at::Tensor& like) {
  const at::Tensor index = at::arange(length, like.options().dtype(at::kLong));
  const at::Tensor inside = index.ge(cells.first(length)).logical_and(index.lt(cells.end(length)));
  const at::Tensor ordered = index.unsqueeze(1).le(index.unsqueeze(0));
  return ordered.logical_and(inside.unsqueeze(1)).logical_and(inside.unsqueeze(0));
}

std::vector<at::Tensor> span_scores(const SpanFactors& factors, const Sequences& sequences, SpanCells cells) {
  std::vector<at::Tensor> scores;
  for (int64_t b = 0; b < sequences.count(); ++b) {
    const at::Tensor dense = dense_scores(factors, sequences, b);
    const at::Tensor valid = valid_cells(sequences.length(b), cells, dense);
    scores.push_back(dense.masked_fill(valid.logical_not(), -std::numeric_limits<double>::infinity()));
  }
  return scores;
}

}  // namespace gp
