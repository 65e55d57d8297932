#include <ATen/ATen.h>

#include <string>

#include "checks.h"
#include "compare.h"
#include "inputs.h"
#include "ops/residual_norm.h"
#include "ops/tile_product.h"

namespace gp::check {

void check_residual_norm(Report& report) {
  if (!has_tile_products()) return;
  const MaskKey key{5, 2};
  constexpr double kEps = 1e-12;
  // Widths of which 4096, 32 and 1 rows fill whole parts of a mask, and one row more or less than that.
  for (const auto& [tokens, size] : std::vector<std::pair<int64_t, int64_t>>{
           {1, 2}, {5, 7}, {33, 128}, {32, 384}, {31, 384}, {65, 384}, {3, 4096}, {600, 24}}) {
    for (const double p : {0.0, 0.1}) {
      const Operation reference = [=](const auto& x) {
        return residual_norm_reference(x[0], x[1], {x[2], x[3], kEps}, p, key);
      };
      const Operation fast = [=](const auto& x) {
        return residual_norm_cpu(x[0], x[1], {x[2], x[3], kEps}, p, key);
      };
      report.run("residual and norm: " + std::to_string(tokens) + " tokens of " + std::to_string(size) +
                     (p > 0 ? ", with dropout" : ""),
                 [&](Findings& findings) {
                   check_twins(findings, {fast,
                                          reference,
                                          {random_tensor({tokens, size}, 1), random_tensor({tokens, size}, 2),
                                           random_tensor({size}, 3), random_tensor({size}, 4)},
                                          /*float_only=*/true});
                 });
    }
  }
  report.run("residual and norm: only training draws masks", [](Findings& findings) {
    const at::Tensor x = random_tensor({5, 8}, 1).to(at::kFloat), one = at::ones({8}, at::kFloat);
    RandomStream stream{1, 0};
    const NormWeights norm{one, one, 1e-12};
    const at::Tensor plain = residual_norm(x, x, norm, 0.0, stream);
    findings.holds("p = 0 draws none", stream.draws == 0);
    findings.below("no gradient is asked for",
                   relative_error(plain, at::layer_norm(x + x, {8}, one, one, 1e-12)), 1e-6);
    residual_norm(x, x, norm, 0.1, stream);
    findings.holds("p > 0 draws one", stream.draws == 1);
  });
}

}  // namespace gp::check
