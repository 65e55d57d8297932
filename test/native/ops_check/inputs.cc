#include "inputs.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include <cmath>
#include <random>

namespace gp::check {

at::Tensor random_tensor(at::IntArrayRef sizes, uint64_t seed) {
  return at::randn(sizes, at::detail::createCPUGenerator(seed), at::TensorOptions(at::kDouble));
}

Sequences sequences_of(const std::vector<int64_t>& lengths) {
  Sequences sequences{{0}};
  for (const int64_t length : lengths) sequences.starts.push_back(sequences.starts.back() + length);
  return sequences;
}

const std::vector<std::vector<int64_t>>& batches_of_lengths() {
  static const std::vector<std::vector<int64_t>> batches = {
      {1}, {2}, {3}, {40}, {63}, {64}, {65}, {130}, {513}, {600}, {5, 1, 64, 2, 65, 17}, {1, 2, 3}};
  return batches;
}

std::string lengths_text(const std::vector<int64_t>& lengths) {
  std::string text = lengths.size() == 1 ? "length" : "lengths";
  for (size_t i = 0; i < lengths.size(); ++i) text += (i > 0 ? ", " : " ") + std::to_string(lengths[i]);
  return text;
}

std::string gold_text(GoldKind kind) {
  switch (kind) {
    case GoldKind::kNone:
      return "no gold";
    case GoldKind::kSome:
      return "some gold";
    case GoldKind::kAll:
      return "all cells gold";
    case GoldKind::kCorners:
      return "gold in the corners";
    case GoldKind::kOneTypeWithout:
      return "one type without gold";
  }
  return "";
}

GoldSpans gold_of(GoldKind kind, const Sequences& sequences, int64_t types, SpanCells cells) {
  std::vector<int32_t> sequence, type, start, end;
  std::mt19937 random(5);
  for (int64_t b = 0; b < sequences.count(); ++b) {
    const auto first = static_cast<int32_t>(cells.first(sequences.length(b)));
    const auto last = static_cast<int32_t>(cells.end(sequences.length(b))) - 1;
    if (first > last) continue;
    for (int64_t t = 0; t < types; ++t) {
      const auto add = [&](int32_t from, int32_t to) {
        sequence.push_back(static_cast<int32_t>(b));
        type.push_back(static_cast<int32_t>(t));
        start.push_back(from);
        end.push_back(to);
      };
      if (kind == GoldKind::kSome || (kind == GoldKind::kOneTypeWithout && t > 0)) {
        std::uniform_int_distribution<int32_t> token(first, last);
        for (int i = 0; i < 4; ++i) {
          const int32_t one = token(random), other = token(random);
          add(std::min(one, other), std::max(one, other));
        }
      } else if (kind == GoldKind::kCorners) {
        add(last, last);
        add(first, last);
        add(first, first);
      } else if (kind == GoldKind::kAll) {
        for (int32_t i = first; i <= last; ++i) {
          for (int32_t j = i; j <= last; ++j) add(i, j);
        }
      }
    }
  }
  return group_gold_spans(sequences.count(), types, sequence, type, start, end);
}

GoldSpans with_soft_targets(GoldSpans gold) {
  for (size_t group = 0; group + 1 < gold.starts.size(); ++group) {
    if (gold.starts[group] < gold.starts[group + 1])
      gold.cells[static_cast<size_t>(gold.starts[group])].target =
          0.05 + 0.9 / static_cast<double>(group + 1);
  }
  return gold;
}

std::string factor_text(FactorKind kind) {
  switch (kind) {
    case FactorKind::kProduct:
      return "products";
    case FactorKind::kBiased:
      return "biased products";
    case FactorKind::kAdditive:
      return "additive";
  }
  return "";
}

std::vector<at::Tensor> random_factors(FactorKind kind, int64_t tokens, int64_t types, int64_t size) {
  if (kind == FactorKind::kProduct) return {random_tensor({tokens, types, 2, size}, 1)};
  if (kind == FactorKind::kBiased)
    return {random_tensor({tokens, 2, size}, 1), random_tensor({tokens, types, 2}, 2)};
  return {random_tensor({tokens, 2, size}, 1), random_tensor({types, size}, 2), random_tensor({types}, 3)};
}

SpanFactors factors_of(FactorKind kind, const std::vector<at::Tensor>& tensors) {
  if (kind == FactorKind::kProduct) return ProductFactors{tensors[0]};
  if (kind == FactorKind::kBiased) return BiasedFactors{tensors[0], tensors[1]};
  return AdditiveFactors{tensors[0], tensors[1], tensors[2]};
}

long double score_by_definition(FactorKind kind, const std::vector<at::Tensor>& tensors, int64_t type,
                                int64_t first, int64_t last) {
  if (kind == FactorKind::kProduct) {
    const auto x = tensors[0].accessor<double, 4>();
    long double product = 0;
    for (int64_t m = 0; m < x.size(3); ++m)
      product += static_cast<long double>(x[first][type][0][m]) * x[last][type][1][m];
    return product / std::sqrt(static_cast<long double>(x.size(3)));
  }
  const auto x = tensors[0].accessor<double, 3>();
  if (kind == FactorKind::kBiased) {
    const auto bias = tensors[1].accessor<double, 3>();
    long double product = 0;
    for (int64_t m = 0; m < x.size(2); ++m)
      product += static_cast<long double>(x[first][0][m]) * x[last][1][m];
    return product / std::sqrt(static_cast<long double>(x.size(2))) + bias[first][type][1] +
           bias[last][type][0];
  }
  const auto weight = tensors[1].accessor<double, 2>();
  long double sum = tensors[2].accessor<double, 1>()[type];
  for (int64_t m = 0; m < x.size(2); ++m)
    sum += weight[type][m] * std::tanh(static_cast<long double>(x[first][0][m]) + x[last][1][m]);
  return sum;
}

}  // namespace gp::check
