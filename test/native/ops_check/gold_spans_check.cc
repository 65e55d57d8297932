#include <vector>

#include "checks.h"
#include "ops/span_loss.h"

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
}

}  // namespace gp::check
