#include <ATen/ATen.h>

#include <cmath>
#include <string>
#include <vector>

#include "checks.h"
#include "compare.h"
#include "inputs.h"
#include "ops/rope.h"

namespace gp::check {
namespace {

/** The definition, vector by vector. */
at::Tensor by_definition(const at::Tensor& x, const std::vector<int64_t>& lengths) {
  at::Tensor y = at::empty_like(x);
  const auto in = x.accessor<double, 3>();
  auto out = y.accessor<double, 3>();
  const int64_t size = x.size(2);
  int64_t token = 0;
  for (const int64_t length : lengths) {
    for (int64_t position = 0; position < length; ++position, ++token) {
      for (int64_t v = 0; v < x.size(1); ++v) {
        for (int64_t m = 0; m < size / 2; ++m) {
          const long double theta =
              std::pow(10000.0L, -2.0L * static_cast<long double>(m) / static_cast<long double>(size));
          const long double angle = static_cast<long double>(position) * theta;
          const long double even = in[token][v][2 * m], odd = in[token][v][2 * m + 1];
          out[token][v][2 * m] = static_cast<double>(even * std::cos(angle) - odd * std::sin(angle));
          out[token][v][2 * m + 1] = static_cast<double>(odd * std::cos(angle) + even * std::sin(angle));
        }
      }
    }
  }
  return y;
}

}  // namespace

void check_rope(Report& report) {
  for (const auto& lengths : batches_of_lengths()) {
    for (const int64_t size : {2, 8, 64}) {
      for (const int64_t vectors : {1, 6}) {
        report.run("rope: " + lengths_text(lengths) + ", " + std::to_string(vectors) + " vectors of " +
                       std::to_string(size),
                   [&](Findings& findings) {
                     const Sequences sequences = sequences_of(lengths);
                     const at::Tensor x = random_tensor({sequences.total(), vectors, size}, 1);
                     check_twins(findings, {[&](const auto& in) { return rope_cpu(in[0], sequences); },
                                            [&](const auto& in) { return rope_reference(in[0], sequences); },
                                            {x}});
                     findings.below("definition",
                                    relative_error(rope_cpu(x, sequences), by_definition(x, lengths)), 1e-12);
                   });
      }
    }
  }
  report.run("rope: scores depend on the distance only", [](Findings& findings) {
    const Sequences sequences = sequences_of({50});
    const at::Tensor q = random_tensor({1, 1, 16}, 1).expand({50, 1, 16}),
                     k = random_tensor({1, 1, 16}, 2).expand({50, 1, 16});
    const at::Tensor scores =
        at::matmul(rope_cpu(q, sequences).squeeze(1), rope_cpu(k, sequences).squeeze(1).t());
    findings.below("s(i, j) = s(i + 9, j + 9)",
                   relative_error(scores.slice(0, 9).slice(1, 9), scores.slice(0, 0, 41).slice(1, 0, 41)),
                   1e-12);
  });
}

}  // namespace gp::check
