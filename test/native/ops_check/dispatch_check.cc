#include <ATen/ATen.h>

#include <cstdlib>

#include "checks.h"
#include "inputs.h"
#include "ops/attention.h"
#include "ops/dispatch.h"
#include "ops/linear.h"
#include "ops/residual_norm.h"
#include "ops/rope.h"
#include "ops/span_divergence.h"
#include "ops/span_loss.h"
#include "ops/tile_product.h"

namespace gp::check {

void check_dispatch(Report& report) {
  const Sequences sequences = sequences_of({40, 30});
  const at::Tensor x = random_tensor({70, 2, 8}, 1).to(at::kFloat);
  const at::Tensor qkv = random_tensor({70, 3, 2, 8}, 3).to(at::kFloat);
  const at::Tensor wide = random_tensor({70, 16}, 4).to(at::kFloat),
                   weight = random_tensor({9, 16}, 5).to(at::kFloat);
  const at::Tensor bias = random_tensor({9}, 6).to(at::kFloat), one = at::ones({16}, at::kFloat);
  const FeedForwardWeights inner{weight, bias, weight.t().contiguous(), one};
  const NormWeights norm{one, one, 1e-12};
  const auto gelu = Activation::kGelu;
  const SpanFactors factors = ProductFactors{random_tensor({70, 2, 2, 8}, 2).to(at::kFloat)};
  const Sequences halves = sequences_of({35, 35});
  const GoldSpans gold = gold_of(GoldKind::kSome, sequences, 2, {});
  RandomStream stream;
  // Both paths in float: they differ in the last bits, which tells which of them was taken.
  report.run("dispatch: the fast path by default", [&](Findings& findings) {
    findings.holds("float on the CPU", takes_cpu_path(x));
    findings.holds("not half precision", !takes_cpu_path(x.to(at::kHalf)));
    findings.holds("attention",
                   attention(qkv, sequences, 0, stream).equal(attention_cpu(qkv, sequences, 0, {})));
    findings.holds("rope", rope(x, sequences).equal(rope_cpu(x, sequences)));
    if (has_tile_products()) {
      findings.holds("linear", linear(wide, {weight}, {bias}, nullptr, Precision::kFloat)
                                   .equal(linear_cpu(wide, {weight}, {bias}, nullptr, Precision::kFloat)));
      findings.holds("feed-forward",
                     feed_forward(wide, inner, gelu, nullptr, Precision::kFloat)
                         .equal(feed_forward_cpu(wide, inner, gelu, nullptr, Precision::kFloat)));
      findings.holds(
          "residual and norm",
          residual_norm(wide, wide, norm, 0, stream).equal(residual_norm_cpu(wide, wide, norm, 0, {})));
    }
    findings.holds(
        "span loss",
        span_loss(factors, sequences, gold, {}).equal(span_loss_cpu(factors, sequences, gold, {})));
    findings.holds("span divergence",
                   span_divergence(factors, halves, {}).equal(span_divergence_cpu(factors, halves, {})));
  });
  report.run("dispatch: the reference where GP_REFERENCE_OPS=1", [&](Findings& findings) {
    ::setenv("GP_REFERENCE_OPS", "1", /*replace=*/1);
    findings.holds("no fast path", !takes_cpu_path(x));
    findings.holds("attention",
                   attention(qkv, sequences, 0, stream).equal(attention_reference(qkv, sequences, 0, {})));
    findings.holds("rope", rope(x, sequences).equal(rope_reference(x, sequences)));
    findings.holds("linear", linear(wide, {weight}, {bias}, nullptr, Precision::kFloat)
                                 .equal(linear_reference(wide, {weight}, {bias}, Precision::kFloat)));
    findings.holds("feed-forward", feed_forward(wide, inner, gelu, nullptr, Precision::kFloat)
                                       .equal(feed_forward_reference(wide, inner, gelu, Precision::kFloat)));
    findings.holds(
        "residual and norm",
        residual_norm(wide, wide, norm, 0, stream).equal(residual_norm_reference(wide, wide, norm, 0, {})));
    findings.holds(
        "span loss",
        span_loss(factors, sequences, gold, {}).equal(span_loss_reference(factors, sequences, gold, {})));
    findings.holds(
        "span divergence",
        span_divergence(factors, halves, {}).equal(span_divergence_reference(factors, halves, {})));
    ::unsetenv("GP_REFERENCE_OPS");
  });
}

}  // namespace gp::check
