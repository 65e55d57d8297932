#include <cmath>
#include <vector>

#include "checks.h"
#include "inputs.h"
#include "ops/gold_spans.h"

namespace gp::check {

void check_gold_spans(Report& report) {
  report.run("gold spans: grouped, sorted, each once", [](Findings& findings) {
    const GoldSpans gold = group_gold_spans(2, 2, {1, 0, 1, 1, 0, 1}, {0, 1, 0, 1, 1, 0}, {4, 2, 1, 0, 2, 4},
                                            {5, 2, 9, 0, 2, 4});
    const std::vector<GoldSpans::Cell> cells = {{2, 2}, {1, 9}, {4, 4}, {4, 5}, {0, 0}};
    findings.holds("starts", gold.starts == std::vector<int64_t>({0, 0, 1, 4, 5}));
    findings.holds("cells", gold.cells == cells);
  });
  report.run("gold spans: none", [](Findings& findings) {
    const GoldSpans gold = group_gold_spans(2, 3, {}, {}, {}, {});
    findings.holds("seven equal starts", gold.starts == std::vector<int64_t>(7, 0) && gold.cells.empty());
  });
  const auto target_of = [](const GoldSpans& gold, size_t group, int64_t start, int64_t end) {
    for (int64_t i = gold.starts[group]; i < gold.starts[group + 1]; ++i) {
      const auto& cell = gold.cells[static_cast<size_t>(i)];
      if (cell == GoldSpans::Cell{start, end}) return cell.target;
    }
    return 0.0;
  };
  report.run("gold spans: smoothed boundaries", [&](Findings& findings) {
    const Sequences sequences = sequences_of({12, 4});
    // In the first sequence one span in the middle of everything; in the second one that has no neighbour but
    // (1, 2): (0, 1) and (1, 3) touch special tokens, (2, 1) is no span.
    const GoldSpans gold = group_gold_spans(2, 2, {0, 1}, {1, 0}, {4, 1}, {6, 1});
    const GoldSpans smoothed = smooth_boundaries(gold, sequences, 2, 0.2);
    findings.holds("group sizes", smoothed.starts == std::vector<int64_t>({0, 0, 5, 7, 7}));
    for (const auto& [start, end] : {std::pair{3, 6}, {5, 6}, {4, 5}, {4, 7}})
      findings.below("neighbour", std::abs(target_of(smoothed, 1, start, end) - 0.05), 1e-15);
    findings.below("the span itself", std::abs(target_of(smoothed, 1, 4, 6) - 0.8), 1e-15);
    findings.below("what has no place stays", std::abs(target_of(smoothed, 2, 1, 1) - 0.95), 1e-15);
    findings.below("the one neighbour", std::abs(target_of(smoothed, 2, 1, 2) - 0.05), 1e-15);
  });
  report.run("gold spans: smoothed neighbours add up, to 1 at most", [&](Findings& findings) {
    const Sequences sequences = sequences_of({12});
    const GoldSpans gold =
        group_gold_spans(1, 1, {0, 0, 0, 0, 0}, {0, 0, 0, 0, 0}, {4, 5, 3, 4, 4}, {6, 6, 6, 5, 7});
    const GoldSpans smoothed = smooth_boundaries(gold, sequences, 1, 0.4);
    // 0.6 of its own and a tenth of each of its four neighbours
    findings.below("surrounded", std::abs(target_of(smoothed, 0, 4, 6) - 1), 1e-15);
    findings.below("(3, 5) has two", std::abs(target_of(smoothed, 0, 3, 5) - 0.2), 1e-15);
    const GoldSpans strong = smooth_boundaries(gold, sequences, 1, 0.2);
    findings.below("capped", target_of(strong, 0, 4, 6) - 1, 1e-15);
  });
  report.run("gold spans: doubled", [](Findings& findings) {
    const GoldSpans gold = doubled(group_gold_spans(2, 1, {0, 1, 1}, {0, 0, 0}, {1, 2, 3}, {1, 2, 3}));
    findings.holds("starts", gold.starts == std::vector<int64_t>({0, 1, 3, 4, 6}));
    findings.holds(
        "cells", gold.cells.size() == 6 && gold.cells[3] == gold.cells[0] && gold.cells[5] == gold.cells[2]);
  });
}

}  // namespace gp::check
