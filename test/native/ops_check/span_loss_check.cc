#include <ATen/ATen.h>

#include <cmath>
#include <limits>
#include <string>

#include "checks.h"
#include "compare.h"
#include "inputs.h"
#include "ops/span_loss.h"

namespace gp::check {
namespace {

std::string name_of(FactorKind factors, const std::vector<int64_t>& lengths, int64_t types, int64_t size,
                    SpanCells cells, GoldKind kind) {
  return factor_text(factors) + ", " + lengths_text(lengths) + ", " + std::to_string(types) +
         (types == 1 ? " type of " : " types of ") + std::to_string(size) +
         (cells.mask_special_tokens ? ", special tokens masked, " : ", ") + gold_text(kind);
}

/** The definition, cell by cell, for scores that e^s can take. */
double by_definition(FactorKind kind, const std::vector<at::Tensor>& factors, int64_t types,
                     const Sequences& sequences, const GoldSpans& gold, SpanCells cells) {
  long double sum = 0;
  for (int64_t b = 0; b < sequences.count(); ++b) {
    for (int64_t t = 0; t < types; ++t) {
      const auto task = static_cast<size_t>(b * types + t);
      const auto begin = gold.cells.begin() + gold.starts[task],
                 end = gold.cells.begin() + gold.starts[task + 1];
      long double negatives = 1, positives = 1;
      for (int64_t i = cells.first(sequences.length(b)); i < cells.end(sequences.length(b)); ++i) {
        for (int64_t j = i; j < cells.end(sequences.length(b)); ++j) {
          const long double score =
              score_by_definition(kind, factors, t, sequences.begin(b) + i, sequences.begin(b) + j);
          const auto found = std::lower_bound(begin, end, GoldSpans::Cell{i, j});
          const long double target = found != end && *found == GoldSpans::Cell{i, j} ? found->target : 0;
          positives += target * std::exp(-score);
          negatives += (1 - target) * std::exp(score);
        }
      }
      sum += std::log(negatives) + std::log(positives);
    }
  }
  return static_cast<double>(sum / static_cast<long double>(sequences.count() * types));
}

void check_case(Report& report, FactorKind factors, const std::vector<int64_t>& lengths, int64_t types,
                int64_t size, SpanCells cells, GoldKind kind, bool soft = false) {
  const std::string name = name_of(factors, lengths, types, size, cells, kind);
  report.run("span loss: " + name + (soft ? ", soft targets" : ""), [&](Findings& findings) {
    const Sequences sequences = sequences_of(lengths);
    const GoldSpans hard = gold_of(kind, sequences, types, cells);
    const GoldSpans gold = soft ? with_soft_targets(hard) : hard;
    const auto inputs = random_factors(factors, sequences.total(), types, size);
    check_twins(
        findings,
        {[&](const auto& x) { return span_loss_cpu(factors_of(factors, x), sequences, gold, cells); },
         [&](const auto& x) { return span_loss_reference(factors_of(factors, x), sequences, gold, cells); },
         inputs});
    if (sequences.longest() <= 65) {
      const double truth = by_definition(factors, inputs, types, sequences, gold, cells);
      const double found = span_loss_cpu(factors_of(factors, inputs), sequences, gold, cells).item<double>();
      findings.below("definition", std::abs(found - truth) / (1 + truth), 1e-12);
    }
  });
}

/** log(1 + count e^s) without overflow. */
double log_one_plus(double count, double score) {
  return score > 0 ? score + std::log(count + std::exp(-score)) : std::log1p(count * std::exp(score));
}

/** Every score of a row is `score` or -`score` as its query says; gold are the cells on the diagonal. */
void check_large_scores(Report& report, double score, at::ScalarType type, int64_t length) {
  const bool is_float = type == at::kFloat;
  report.run(
      "span loss: scores of " + std::to_string(static_cast<int>(score)) + " and minus that, length " +
          std::to_string(length) + (is_float ? ", float" : ", double"),
      [&](Findings& findings) {
        const int64_t size = 4;  // the divisor of scores is then 2
        // A probability e^(s - N) is as good as N, which is good to half a unit in its last place; sums add
        // to that.
        const double precision = (1 + score / 16) * (is_float ? 2e-6 : 1e-14);
        const Sequences sequences = sequences_of({length});
        std::vector<int32_t> zeros(static_cast<size_t>(length)), diagonal;
        for (int32_t i = 0; i < length; ++i) diagonal.push_back(i);
        const GoldSpans gold = group_gold_spans(1, 1, zeros, zeros, diagonal, diagonal);
        const auto off_diagonal = [&](int64_t row) { return static_cast<double>(length - 1 - row); };

        for (const auto& [what, sign_of_row] :
             {std::pair<const char*, std::function<double(int64_t)>>{"all positive",
                                                                     [](int64_t) { return 1.0; }},
              {"all negative", [](int64_t) { return -1.0; }},
              {"alternating", [](int64_t row) { return row % 2 == 0 ? 1.0 : -1.0; }}}) {
          at::Tensor query_key = at::zeros({length, 1, 2, size}, at::kDouble);
          query_key.select(2, 1).select(2, 0).fill_(1);
          double up = 0, down = 0, gold_up = 0, gold_down = 0;
          for (int64_t row = 0; row < length; ++row) {
            const double sign = sign_of_row(row);
            query_key[row][0][0][0] = 2 * sign * score;
            (sign > 0 ? up : down) += off_diagonal(row);
            (sign > 0 ? gold_up : gold_down) += 1;
          }
          const auto loss_of = [&](double many_up, double many_down) {
            // e^-score is nothing beside 1 + e^score, and 1 beside it little.
            return many_up > 0 ? log_one_plus(many_up, score) : std::log1p(many_down * std::exp(-score));
          };
          const double expected = loss_of(up, down) + loss_of(gold_down, gold_up);
          const at::Tensor leaf = query_key.to(type).requires_grad_(true);
          const at::Tensor loss = span_loss_cpu(ProductFactors{leaf}, sequences, gold, {});
          loss.backward();
          findings.below(std::string(what) + ", loss",
                         std::abs(loss.item<double>() - expected) / (1 + expected), is_float ? 1e-6 : 1e-14);
          findings.holds(std::string(what) + ", finite gradient", leaf.grad().isfinite().all().item<bool>());
          // Key vectors are e_0, so d loss / d q_0 sums to (share of negatives - share of positives) / 2.
          const auto share = [&](double many_up, double many_down) {
            const double mass = many_up > 0 ? many_up : many_down * std::exp(-score);
            const double one = many_up > 0 ? std::exp(-score) : 1.0;
            return mass / (mass + one);
          };
          const double slope = (share(up, down) - share(gold_down, gold_up)) / 2;
          findings.below(std::string(what) + ", sum of the slopes",
                         std::abs(leaf.grad().select(2, 0).select(2, 0).sum().item<double>() - slope),
                         precision);
        }
      });
}

void check_not_a_number(Findings& findings) {
  const Sequences sequences = sequences_of({70, 3});
  const GoldSpans gold = gold_of(GoldKind::kSome, sequences, 2, {});
  const GoldSpans all = gold_of(GoldKind::kAll, sequences, 2, {});
  for (const double bad : {std::nan(""), std::numeric_limits<double>::infinity()}) {
    for (const auto type : {at::kFloat, at::kDouble}) {
      for (const int64_t token : {0, 66, 69, 72}) {
        at::Tensor query_key = random_tensor({73, 2, 2, 8}, 1).to(type);
        query_key[token][1][0][3] = bad;
        query_key[token][1][1][3] = 1;
        for (const GoldSpans* spans : {&gold, &all}) {
          if (spans == &all && std::isinf(bad))
            continue;  // a gold span of endless score is right, and costs nothing
          const double loss = span_loss_cpu(ProductFactors{query_key}, sequences, *spans, {}).item<double>();
          if (std::isfinite(loss)) {
            findings.holds("a finite loss of " + std::to_string(loss) + " hides " + std::to_string(bad) +
                               " in the query of token " + std::to_string(token) +
                               (spans == &all ? ", all gold" : ""),
                           false);
          }
        }
      }
    }
  }
  findings.holds("the loss is not finite", true);
}

}  // namespace

void check_span_loss(Report& report) {
  constexpr GoldKind kKinds[] = {GoldKind::kNone, GoldKind::kSome, GoldKind::kAll, GoldKind::kCorners,
                                 GoldKind::kOneTypeWithout};
  for (const FactorKind factors : kFactorKinds) {
    const bool product = factors == FactorKind::kProduct;
    for (const auto& lengths : batches_of_lengths()) {
      const bool is_long = sequences_of(lengths).longest() > 500;
      // Additive scores cost as much as their vectors are wide.
      if (factors == FactorKind::kAdditive && lengths == std::vector<int64_t>{600}) continue;
      for (const int64_t types : {1, 3}) {
        for (const bool masked : {false, true}) {
          for (const GoldKind kind : kKinds) {
            if (kind == GoldKind::kOneTypeWithout && types == 1) continue;
            if (is_long && types == 3 && (masked || kind == GoldKind::kAll)) continue;
            if (is_long && !product && (masked || kind != GoldKind::kSome)) continue;
            check_case(report, factors, lengths, types, is_long ? 8 : 6, {masked}, kind);
          }
        }
      }
    }
    for (const int64_t size : {1, 2, 64})
      check_case(report, factors, {70, 9}, 2, size, {false}, GoldKind::kSome);
    for (const GoldKind kind : {GoldKind::kSome, GoldKind::kCorners, GoldKind::kAll})
      check_case(report, factors, {40, 65, 1}, 3, 6, {kind == GoldKind::kSome}, kind, /*soft=*/true);
  }
  for (const double score : {60.0, 1000.0}) {
    for (const auto type : {at::kFloat, at::kDouble}) {
      for (const int64_t length : {3, 70, 520}) check_large_scores(report, score, type, length);
    }
  }
  report.run("span loss: what is not a number shows", check_not_a_number);
  report.run("span loss: the same with and without a gradient to compute", [](Findings& findings) {
    const Sequences sequences = sequences_of({70, 520});
    const GoldSpans gold = gold_of(GoldKind::kSome, sequences, 2, {});
    const at::Tensor query_key = random_tensor({590, 2, 2, 8}, 1).to(at::kFloat);
    const at::Tensor without = span_loss_cpu(ProductFactors{query_key}, sequences, gold, {});
    findings.holds("no graph without need", !without.requires_grad());
    findings.holds("same loss",
                   span_loss_cpu(ProductFactors{query_key.clone().requires_grad_(true)}, sequences, gold, {})
                       .detach()
                       .equal(without));
  });
}

}  // namespace gp::check
