#include <ATen/ATen.h>

#include <cmath>
#include <string>

#include "checks.h"
#include "compare.h"
#include "inputs.h"
#include "ops/span_divergence.h"

namespace gp::check {
namespace {

double by_definition(FactorKind kind, const std::vector<at::Tensor>& factors, int64_t types,
                     const Sequences& sequences, SpanCells cells) {
  const int64_t half = sequences.count() / 2;
  const auto divergence = [](long double p, long double q) {
    return p * std::log(p / q) + (1 - p) * std::log((1 - p) / (1 - q));
  };
  long double sum = 0;
  for (int64_t b = 0; b < half; ++b) {
    const int64_t end = cells.end(sequences.length(b)), one = sequences.begin(b),
                  other = sequences.begin(b + half);
    for (int64_t t = 0; t < types; ++t) {
      for (int64_t i = cells.first(sequences.length(b)); i < end; ++i) {
        for (int64_t j = i; j < end; ++j) {
          const long double p = 1 / (1 + std::exp(-score_by_definition(kind, factors, t, one + i, one + j)));
          const long double q =
              1 / (1 + std::exp(-score_by_definition(kind, factors, t, other + i, other + j)));
          sum += (divergence(p, q) + divergence(q, p)) / 2;
        }
      }
    }
  }
  return static_cast<double>(sum / static_cast<long double>(half * types));
}

void check_case(Findings& findings, FactorKind kind, const std::vector<int64_t>& half, int64_t types,
                SpanCells cells) {
  std::vector<int64_t> lengths = half;
  lengths.insert(lengths.end(), half.begin(), half.end());
  const Sequences sequences = sequences_of(lengths);
  const auto inputs = random_factors(kind, sequences.total(), types, 6);
  check_twins(
      findings,
      {[&](const auto& x) { return span_divergence_cpu(factors_of(kind, x), sequences, cells); },
       [&](const auto& x) { return span_divergence_reference(factors_of(kind, x), sequences, cells); },
       inputs});
  if (sequences.longest() > 65) return;
  const double truth = by_definition(kind, inputs, types, sequences, cells);
  const double found = span_divergence_cpu(factors_of(kind, inputs), sequences, cells).item<double>();
  findings.below("definition", std::abs(found - truth) / (1 + truth), 1e-12);
}

}  // namespace

void check_span_divergence(Report& report) {
  for (const FactorKind kind : kFactorKinds) {
    for (const auto& half : {std::vector<int64_t>{3}, {1, 64}, {65, 2, 5}, {130}}) {
      for (const int64_t types : {1, 3}) {
        const bool masked = types == 3;
        report.run("span divergence: " + factor_text(kind) + ", " + lengths_text(half) + ", " +
                       std::to_string(types) + (types == 1 ? " type" : " types, special tokens masked"),
                   [&](Findings& findings) { check_case(findings, kind, half, types, {masked}); });
      }
    }
  }
  report.run("span divergence: nothing between equal passes", [](Findings& findings) {
    const at::Tensor half = random_tensor({30, 2, 2, 8}, 1).to(at::kFloat);
    const at::Tensor both = at::cat({half, half}).requires_grad_(true);
    const at::Tensor divergence = span_divergence_cpu(ProductFactors{both}, sequences_of({30, 30}), {});
    divergence.backward();
    findings.holds("zero", divergence.item<float>() == 0 && both.grad().eq(0).all().item<bool>());
  });
  report.run("span divergence: finite for large scores", [](Findings& findings) {
    at::Tensor query_key = at::zeros({8, 1, 2, 4}, at::kFloat);
    query_key.select(2, 1).select(2, 0).fill_(1);
    query_key.narrow(0, 0, 4).select(2, 0).select(2, 0).fill_(2000);
    query_key.narrow(0, 4, 4).select(2, 0).select(2, 0).fill_(-2000);
    query_key.requires_grad_(true);
    const at::Tensor divergence = span_divergence_cpu(ProductFactors{query_key}, sequences_of({4, 4}), {});
    divergence.backward();
    // ten cells, probabilities 1 and 0, logits 2000 apart
    findings.below("value", std::abs(divergence.item<double>() - 10 * 0.5 * 2000), 1e-2);
    findings.holds("gradient", query_key.grad().isfinite().all().item<bool>());
  });
}

}  // namespace gp::check
