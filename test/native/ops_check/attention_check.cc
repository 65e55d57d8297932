#include <ATen/ATen.h>

#include <string>

#include "checks.h"
#include "compare.h"
#include "inputs.h"
#include "ops/attention.h"

namespace gp::check {
namespace {

Twins twins_of(const Sequences& sequences, int64_t heads, int64_t size, double p, double spread) {
  const MaskKey key{21, 4};
  return {[=](const auto& x) { return attention_cpu(x[0], sequences, p, key); },
          [=](const auto& x) { return attention_reference(x[0], sequences, p, key); },
          {random_tensor({sequences.total(), 3, heads, size}, 1) * spread}};
}

std::string dropout_text(double p) { return p > 0 ? ", with dropout" : ""; }

}  // namespace

void check_attention(Report& report) {
  for (const auto& lengths : batches_of_lengths()) {
    for (const int64_t heads : {1, 4}) {
      for (const int64_t size : {2, 7, 64}) {
        // Long sequences with every head size would take long and show nothing new.
        if (sequences_of(lengths).longest() > 500 && (size == 7 || heads == 4)) continue;
        for (const double p : {0.0, 0.1}) {
          report.run("attention: " + lengths_text(lengths) + ", " + std::to_string(heads) + " heads of " +
                         std::to_string(size) + dropout_text(p),
                     [&](Findings& findings) {
                       check_twins(findings, twins_of(sequences_of(lengths), heads, size, p, 1.0));
                     });
        }
      }
    }
  }
  for (const double p : {0.0, 0.1}) {
    report.run("attention: scores of hundreds" + dropout_text(p), [&](Findings& findings) {
      const Twins twins = twins_of(sequences_of({30, 70}), 2, 16, p, 12.0);
      const Outcome fast = differentiate(twins.fast, twins.inputs),
                    truth = differentiate(twins.reference, twins.inputs);
      findings.below("value", relative_error(fast.value, truth.value), 1e-10);
      findings.below("gradient", relative_error(fast.gradient, truth.gradient), 1e-10);
      std::vector<at::Tensor> single;
      for (const auto& input : twins.inputs) single.push_back(input.to(at::kFloat));
      const Outcome in_float = differentiate(twins.fast, single);
      findings.holds("finite in float", in_float.value.isfinite().all().item<bool>() &&
                                            in_float.gradient.isfinite().all().item<bool>());
    });
  }
  report.run("attention: sequences do not see each other", [](Findings& findings) {
    const Twins both = twins_of(sequences_of({20, 33}), 2, 8, 0.0, 1.0);
    const at::Tensor alone = attention_cpu(both.inputs[0].slice(0, 20), sequences_of({33}), 0, {});
    findings.below("alone and in a batch", relative_error(both.fast(both.inputs).slice(0, 20), alone), 1e-14);
  });
  report.run("attention: only training draws masks", [](Findings& findings) {
    const Sequences sequences = sequences_of({5});
    const at::Tensor x = random_tensor({5, 3, 1, 4}, 1);
    RandomStream stream{1, 0};
    attention(x, sequences, 0.0, stream);
    findings.holds("p = 0 draws none", stream.draws == 0);
    attention(x, sequences, 0.1, stream);
    findings.holds("p > 0 draws one", stream.draws == 1);
  });
}

}  // namespace gp::check
