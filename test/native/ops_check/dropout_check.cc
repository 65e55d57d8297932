#include <ATen/ATen.h>

#include <string>

#include "checks.h"
#include "compare.h"
#include "inputs.h"
#include "ops/dropout.h"

namespace gp::check {

void check_dropout(Report& report) {
  const MaskKey key{3, 8};
  // At and around the 4096 elements that one part of a mask covers.
  for (const int64_t tokens : {1, 2, 4095, 4096, 4097, 10000}) {
    for (const double p : {0.1, 0.5}) {
      report.run("dropout: " + std::to_string(tokens) + " tokens of 3, p = " + std::to_string(p),
                 [&](Findings& findings) {
                   check_twins(findings, {[&](const auto& x) { return dropout_cpu(x[0], p, key); },
                                          [&](const auto& x) { return dropout_reference(x[0], p, key); },
                                          {random_tensor({tokens, 3}, 1)}});
                 });
    }
  }
  report.run("dropout: the gradient meets the mask of the forward pass", [&](Findings& findings) {
    const at::Tensor x = at::ones({50, 200}, at::kDouble).requires_grad_(true);
    const at::Tensor y = dropout_cpu(x, 0.3, key);
    y.sum().backward();
    findings.holds("d sum(x o m) / dx = m", x.grad().equal(y.detach()));
  });
  report.run("dropout: strides do not matter", [&](Findings& findings) {
    const at::Tensor x = random_tensor({30, 20}, 2).t();
    findings.holds("same as a contiguous copy",
                   dropout_cpu(x, 0.3, key).equal(dropout_cpu(x.contiguous(), 0.3, key)));
  });
  report.run("dropout: the stream", [](Findings& findings) {
    const at::Tensor x = random_tensor({8, 8}, 3);
    RandomStream stream{1, 0};
    findings.holds("p = 0 gives x itself and draws nothing",
                   dropout(x, 0, stream).is_same(x) && stream.draws == 0);
    const at::Tensor first = dropout(x, 0.5, stream), second = dropout(x, 0.5, stream);
    findings.holds("two calls draw two masks", stream.draws == 2 && !first.equal(second));
    RandomStream again{1, 0};
    findings.holds("the same stream again gives the same", dropout(x, 0.5, again).equal(first));
  });
}

}  // namespace gp::check
