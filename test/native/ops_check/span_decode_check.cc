#include <ATen/ATen.h>

#include <cmath>
#include <limits>
#include <sstream>
#include <string>
#include <tuple>

#include "checks.h"
#include "inputs.h"
#include "ops/span_decode.h"
#include "two_threads.h"

namespace gp::check {
namespace {

auto cell_of(const SpanHit& hit) { return std::tuple(hit.sequence, hit.type, hit.start, hit.end); }

std::string text_of(const SpanHit& hit) {
  std::ostringstream text;
  text << '(' << hit.sequence << ", " << hit.type << ", " << hit.start << ", " << hit.end << ')';
  return text.str();
}

/** Same cells in the same order, and the largest difference of their scores. */
void compare(Findings& findings, const std::string& what, const std::vector<SpanHit>& found,
             const std::vector<SpanHit>& expected, double precision) {
  findings.holds(what + ": " + std::to_string(expected.size()) + " hits, not " + std::to_string(found.size()),
                 found.size() == expected.size());
  double worst = 0;
  for (size_t i = 0; i < std::min(found.size(), expected.size()); ++i) {
    if (cell_of(found[i]) != cell_of(expected[i])) {
      findings.holds(
          what + ": hit " + std::to_string(i) + " is " + text_of(expected[i]) + ", not " + text_of(found[i]),
          false);
      return;
    }
    worst = std::max(worst,
                     std::abs(static_cast<double>(found[i].score) - static_cast<double>(expected[i].score)));
  }
  findings.below(what + ", scores", worst, precision);
}

/** The first threshold from `from` on that no score of the type comes nearer to than rounding moves scores.
 */
float clear_threshold(const std::vector<at::Tensor>& scores, int64_t type, double from) {
  for (double threshold = from;; threshold += 1e-3) {
    bool clear = true;
    for (const auto& of_sequence : scores) {
      clear = clear && !(of_sequence[type] - static_cast<double>(static_cast<float>(threshold)))
                            .abs()
                            .lt(1e-5)
                            .any()
                            .item<bool>();
    }
    if (clear) return static_cast<float>(threshold);
  }
}

void check_case(Findings& findings, FactorKind kind, const std::vector<int64_t>& lengths, int64_t types,
                SpanCells cells) {
  const Sequences sequences = sequences_of(lengths);
  auto tensors = random_factors(kind, sequences.total(), types, 8);
  const SpanFactors factors = factors_of(kind, tensors);
  for (auto& tensor : tensors) tensor = tensor.to(at::kFloat);
  const SpanFactors single = factors_of(kind, tensors);
  const auto scores = span_scores(factors, sequences, {});
  std::vector<float> thresholds;
  for (int64_t type = 0; type < types; ++type) {
    thresholds.push_back(clear_threshold(scores, type, 3.0 - 0.5 * static_cast<double>(type)));
  }
  const auto truth = span_decode_reference(factors, sequences, thresholds, cells);
  compare(findings, "double", span_decode_cpu(factors, sequences, thresholds, cells), truth, 1e-6);
  const auto found = span_decode_cpu(single, sequences, thresholds, cells);
  compare(findings, "float", found, truth, 1e-5);
  {
    const TwoThreads two_threads;
    compare(findings, "two threads", span_decode_cpu(single, sequences, thresholds, cells), found, 1e-30);
  }

  const std::vector<float> none(static_cast<size_t>(types), std::numeric_limits<float>::infinity());
  findings.holds("nothing above infinity", span_decode_cpu(single, sequences, none, cells).empty());
  int64_t counted = 0;
  for (const int64_t length : lengths) {
    const int64_t tokens = std::max<int64_t>(0, cells.end(length) - cells.first(length));
    counted += types * tokens * (tokens + 1) / 2;
  }
  const std::vector<float> any(static_cast<size_t>(types), -std::numeric_limits<float>::infinity());
  const auto all = span_decode_cpu(single, sequences, any, cells);
  bool ordered = true;
  for (size_t i = 1; i < all.size(); ++i) ordered = ordered && cell_of(all[i - 1]) < cell_of(all[i]);
  findings.holds("every cell above minus infinity, in order",
                 static_cast<int64_t>(all.size()) == counted && ordered);
}

}  // namespace

void check_span_decode(Report& report) {
  for (const FactorKind kind : kFactorKinds) {
    for (const auto& lengths : batches_of_lengths()) {
      for (const int64_t types : {1, 3}) {
        for (const bool masked : {false, true}) {
          report.run("span decode: " + factor_text(kind) + ", " + lengths_text(lengths) + ", " +
                         std::to_string(types) + (types == 1 ? " type" : " types") +
                         (masked ? ", special tokens masked" : ""),
                     [&](Findings& findings) { check_case(findings, kind, lengths, types, {masked}); });
        }
      }
    }
  }
  report.run("span decode: a score at its threshold is not above it", [](Findings& findings) {
    at::Tensor query_key = at::zeros({1, 1, 2, 4}, at::kFloat);
    query_key.select(3, 0).fill_(1);  // score 1 / sqrt(4)
    const Sequences sequences = sequences_of({1});
    findings.holds("0.5 is not above 0.5",
                   span_decode_cpu(ProductFactors{query_key}, sequences, {0.5F}, {}).empty());
    findings.holds("0.5 is above 0.4999999",
                   span_decode_cpu(ProductFactors{query_key}, sequences, {0.4999999F}, {}).size() == 1);
  });
}

}  // namespace gp::check
