// The operations with kernels of their own: on a GPU where there is one, else the same kernels on the
// processor.
#include <ATen/ATen.h>
#include <torch/cuda.h>

#include <string>
#include <tuple>

#include "checks.h"
#include "compare.h"
#include "inputs.h"
#include "ops/attention.h"
#include "ops/cuda_ops.h"
#include "ops/dropout.h"
#include "ops/mixed_linear.h"
#include "ops/rope.h"
#include "ops/span_loss.h"

#ifdef GP_CUDA_ON_CPU
#include "cuda_on_cpu.h"
#endif

namespace gp {
extern const CudaOps kCudaOps;
}

namespace gp::check {
namespace {

#ifdef GP_CUDA_ON_CPU
constexpr bool kOnCpu = true;
#else
constexpr bool kOnCpu = false;
#endif

at::Device device_of_checks() { return kOnCpu ? at::Device(at::kCPU) : at::Device(at::kCUDA, 0); }

/** The operation on the device of the checks, for inputs of the CPU. */
Operation there(const Operation& operation) {
  return [operation](const std::vector<at::Tensor>& inputs) {
    std::vector<at::Tensor> moved;
    for (const auto& input : inputs) moved.push_back(input.to(device_of_checks()));
    return operation(moved).to(at::kCPU);
  };
}

std::vector<at::Tensor> as(at::ScalarType type, const std::vector<at::Tensor>& inputs) {
  std::vector<at::Tensor> converted;
  for (const auto& input : inputs) converted.push_back(input.to(type));
  return converted;
}

/** Twice the same, bit for bit; on the processor with the threads of a block taking turns the other way
 * round. */
void check_repeats(Findings& findings, const Operation& fast, const std::vector<at::Tensor>& inputs,
                   const Outcome& once) {
#ifdef GP_CUDA_ON_CPU
  cuda_on_cpu::set_turns(cuda_on_cpu::Turns::kBackward);
#endif
  const Outcome again = differentiate(fast, inputs);
#ifdef GP_CUDA_ON_CPU
  cuda_on_cpu::set_turns(cuda_on_cpu::Turns::kForward);
#endif
  findings.holds("the same value again", again.value.equal(once.value));
  findings.holds("the same gradient again", again.gradient.equal(once.gradient));
}

/** How far results in bfloat16 may be off: some roundings to 8 bits. */
constexpr double kBfloat16Error = 2e-2;

/**
 * Double within 1e-10 of the twin; float within four times the twin's own error, and bfloat16 within some
 * roundings, of the twin in double, for inputs that are rounded first.
 */
void check_kernel(Findings& findings, const Operation& operation, const Operation& reference,
                  const std::vector<at::Tensor>& inputs) {
  const Operation fast = there(operation);
  for (const auto type : {at::kDouble, at::kFloat, at::kBFloat16}) {
    const std::vector<at::Tensor> rounded = as(type, inputs);
    const Outcome truth = differentiate(reference, as(at::kDouble, rounded));
    const Outcome found = differentiate(fast, rounded);
    const std::string name = std::string(c10::toString(type)) + " ";
    double value = 1e-10, gradient = 1e-10;
    if (type == at::kFloat) {
      const Outcome plain = differentiate(reference, rounded);
      value = 4 * relative_error(plain.value, truth.value) + 16 * std::numeric_limits<float>::epsilon();
      gradient =
          4 * relative_error(plain.gradient, truth.gradient) + 16 * std::numeric_limits<float>::epsilon();
    } else if (type == at::kBFloat16) {
      value = gradient = kBfloat16Error;
    }
    findings.below(name + "value", relative_error(found.value, truth.value), value);
    findings.below(name + "gradient", relative_error(found.gradient, truth.gradient), gradient);
    check_repeats(findings, fast, rounded, found);
  }
}

std::string dropout_text(double p) { return p > 0 ? ", with dropout" : ""; }

void check_elementwise(Report& report) {
  const MaskKey key{0x123456789ABCDEFULL, 0x300000007ULL};
  for (const int64_t count : {1, 127, 128, 5000, 9001}) {
    report.run("kernels: dropout of " + std::to_string(count), [&](Findings& findings) {
      check_kernel(
          findings, [&](const auto& x) { return kCudaOps.dropout(x[0], 0.1, key); },
          [&](const auto& x) { return dropout_reference(x[0], 0.1, key); }, {random_tensor({count}, 1)});
    });
  }
  for (const auto& lengths : batches_of_lengths()) {
    for (const int64_t size : {2, 64}) {
      report.run("kernels: rope, " + lengths_text(lengths) + ", vectors of " + std::to_string(size),
                 [&](Findings& findings) {
                   const Sequences sequences = sequences_of(lengths);
                   check_kernel(
                       findings, [&](const auto& x) { return kCudaOps.rope(x[0], sequences); },
                       [&](const auto& x) { return rope_reference(x[0], sequences); },
                       {random_tensor({sequences.total(), 3, size}, 1)});
                 });
    }
  }
}

void check_layers(Report& report) {
  const MaskKey key{5, 2};
  constexpr double kEps = 1e-12;
  for (const auto& [tokens, size] : std::vector<std::pair<int64_t, int64_t>>{
           {1, 2}, {5, 7}, {33, 128}, {32, 384}, {65, 100}, {3, 4096}, {100, 24}}) {
    for (const double p : {0.0, 0.1}) {
      report.run("kernels: bias, residual and norm, " + std::to_string(tokens) + " tokens of " +
                     std::to_string(size) + dropout_text(p),
                 [&](Findings& findings) {
                   check_kernel(
                       findings,
                       [&](const auto& x) {
                         return kCudaOps.residual_norm(x[0], x[4], x[1], {x[2], x[3], kEps}, p, key);
                       },
                       [&](const auto& x) {
                         return residual_norm_reference(x[0] + x[4], x[1], {x[2], x[3], kEps}, p, key);
                       },
                       {random_tensor({tokens, size}, 1), random_tensor({tokens, size}, 2),
                        random_tensor({size}, 3), random_tensor({size}, 4), random_tensor({size}, 5)});
                 });
    }
  }
  for (const auto activation : {Activation::kGelu, Activation::kGeluTanh, Activation::kRelu}) {
    for (const auto& [tokens, in, inner] :
         std::vector<std::tuple<int64_t, int64_t, int64_t>>{{1, 3, 5}, {33, 16, 130}, {70, 24, 257}}) {
      report.run("kernels: feed-forward, " + std::to_string(tokens) + " tokens of " + std::to_string(in) +
                     " by " + std::to_string(inner) + ", activation " +
                     std::to_string(static_cast<int>(activation)),
                 [&](Findings& findings) {
                   const auto weights = [](const auto& x, const at::Tensor& outer_bias) {
                     return FeedForwardWeights{x[1], x[2], x[3], outer_bias};
                   };
                   check_kernel(
                       findings,
                       [&](const auto& x) { return kCudaOps.feed_forward(x[0], weights(x, {}), activation); },
                       [&](const auto& x) {
                         const at::Tensor none = at::zeros({x[3].size(0)}, x[3].options());
                         return feed_forward_reference(x[0], weights(x, none), activation, Precision::kFloat);
                       },
                       {random_tensor({tokens, in}, 1), random_tensor({inner, in}, 2) / std::sqrt(in),
                        random_tensor({inner}, 3), random_tensor({in, inner}, 4) / std::sqrt(inner)});
                 });
    }
  }
  report.run("kernels: linear layers side by side, in the type of their input", [](Findings& findings) {
    check_kernel(
        findings, [](const auto& x) { return mixed_linear(x[0], {x[1], x[2]}, {x[3], x[4]}); },
        [](const auto& x) { return linear_reference(x[0], {x[1], x[2]}, {x[3], x[4]}, Precision::kFloat); },
        {random_tensor({9, 32}, 1), random_tensor({5, 32}, 2) / 6, random_tensor({7, 32}, 3) / 6,
         random_tensor({5}, 4), random_tensor({7}, 5)});
  });
}

/** LibTorch's kernels, on a GPU alone. */
void check_packed_attention(Report& report) {
  if (kOnCpu) return;
  const Sequences sequences = sequences_of({5, 1, 70, 2, 130});
  const at::Tensor input = random_tensor({208, 3, 4, 16}, 1);
  for (const auto type : {at::kFloat, at::kBFloat16}) {
    const std::string name = std::string("kernels: packed attention in ") + c10::toString(type);
    const double allowed = type == at::kFloat ? 1e-5 : kBfloat16Error;
    report.run(name, [&](Findings& findings) {
      const Operation fast = there([&](const auto& x) { return attention_packed(x[0], sequences, 0); });
      const Outcome found = differentiate(fast, {input.to(type)});
      const Outcome truth =
          differentiate([&](const auto& x) { return attention_reference(x[0], sequences, 0, {}); },
                        {input.to(type).to(at::kDouble)});
      findings.below("value", relative_error(found.value, truth.value), allowed);
      findings.below("gradient", relative_error(found.gradient, truth.gradient), allowed);
      check_repeats(findings, fast, {input.to(type)}, found);
    });
    report.run(name + ", with dropout: the same masks backward as forward", [&](Findings& findings) {
      const at::Tensor leaf = input.to(device_of_checks(), type).requires_grad_(true);
      const at::Tensor out = attention_packed(leaf, sequences, 0.3);
      const at::Tensor weights = random_tensor(out.sizes(), 2).to(device_of_checks(), type);
      out.backward(weights);
      // The output is linear in the values, and what was dropped is left out on both sides.
      const auto dot = [](const at::Tensor& a, const at::Tensor& b) {
        return (a.to(at::kDouble) * b.to(at::kDouble)).sum().item<double>();
      };
      const double forward = dot(weights, out.detach());
      const double backward = dot(leaf.grad().select(1, 2), leaf.detach().select(1, 2));
      const double size =
          weights.to(at::kDouble).norm().item<double>() * out.detach().to(at::kDouble).norm().item<double>();
      findings.below("<g, out> = <dV, V>", std::abs(forward - backward) / size,
                     type == at::kFloat ? 1e-5 : 1e-2);
    });
  }
}

void check_loss(Report& report) {
  constexpr GoldKind kKinds[] = {GoldKind::kNone, GoldKind::kSome, GoldKind::kAll, GoldKind::kCorners,
                                 GoldKind::kOneTypeWithout};
  const auto run = [&](FactorKind factors, const std::vector<int64_t>& lengths, int64_t types, int64_t size,
                       bool masked, GoldKind kind, bool soft) {
    report.run("kernels: span loss, " + factor_text(factors) + ", " + lengths_text(lengths) + ", " +
                   std::to_string(types) + " types of " + std::to_string(size) +
                   (masked ? ", special tokens masked, " : ", ") + gold_text(kind) + (soft ? ", soft" : ""),
               [&](Findings& findings) {
                 const Sequences sequences = sequences_of(lengths);
                 const GoldSpans hard = gold_of(kind, sequences, types, {masked});
                 const GoldSpans gold = soft ? with_soft_targets(hard) : hard;
                 check_kernel(
                     findings,
                     [&](const auto& x) {
                       return kCudaOps.span_loss(factors_of(factors, x), sequences, gold, {masked});
                     },
                     [&](const auto& x) {
                       return span_loss_reference(factors_of(factors, x), sequences, gold, {masked});
                     },
                     random_factors(factors, sequences.total(), types, size));
               });
  };
  for (const FactorKind factors : {FactorKind::kProduct, FactorKind::kBiased}) {
    for (const auto& lengths : std::vector<std::vector<int64_t>>{{1}, {2}, {40}, {64}, {65}, {5, 1, 70, 2}}) {
      for (const GoldKind kind : kKinds) run(factors, lengths, 3, 6, false, kind, false);
      run(factors, lengths, 2, 64, true, GoldKind::kSome, false);
    }
    run(factors, {200}, 2, 8, false, GoldKind::kSome, false);
    run(factors, {30, 70}, 2, 72, false, GoldKind::kSome, false);  // vectors of more than one part
    run(factors, {20}, 1, 1, false, GoldKind::kSome, false);
    run(factors, {40, 65, 1}, 3, 6, true, GoldKind::kCorners, true);
  }
  report.run("kernels: span loss, additive factors by the plain twin", [](Findings& findings) {
    const Sequences sequences = sequences_of({7, 3});
    const GoldSpans gold = gold_of(GoldKind::kSome, sequences, 2, {});
    const SpanFactors factors =
        factors_of(FactorKind::kAdditive, random_factors(FactorKind::kAdditive, 10, 2, 4));
    findings.holds("the same", kCudaOps.span_loss(factors, sequences, gold, {})
                                   .equal(span_loss_reference(factors, sequences, gold, {})));
  });
  report.run("kernels: span loss, scores of a thousand, and what is not a number", [](Findings& findings) {
    const Sequences sequences = sequences_of({70});
    const GoldSpans gold = gold_of(GoldKind::kSome, sequences, 1, {});
    const at::Tensor large = random_tensor({70, 1, 2, 4}, 3).to(at::kFloat) * 40;
    const Operation fast =
        there([&](const auto& x) { return kCudaOps.span_loss(ProductFactors{x[0]}, sequences, gold, {}); });
    const Operation plain = [&](const auto& x) {
      return span_loss_reference(ProductFactors{x[0]}, sequences, gold, {});
    };
    const Outcome found = differentiate(fast, {large}), truth = differentiate(plain, {large.to(at::kDouble)});
    findings.below("value", relative_error(found.value, truth.value), 1e-5);
    findings.below("gradient", relative_error(found.gradient, truth.gradient), 1e-3);
    for (const double bad : {std::nan(""), std::numeric_limits<double>::infinity()}) {
      at::Tensor broken = random_tensor({70, 1, 2, 4}, 3).to(at::kFloat);
      broken[66][0][0][1] = bad;
      broken[66][0][1][1] = 1;
      findings.holds("a loss that is not finite", !std::isfinite(fast({broken}).item<double>()));
    }
  });
}

auto cell_of(const SpanHit& hit) { return std::tuple(hit.sequence, hit.type, hit.start, hit.end); }

void check_hits(Findings& findings, const SpanFactors& factors, const Sequences& sequences,
                const std::vector<float>& thresholds, SpanCells cells, double precision) {
  FactorTensors tensors = tensors_of(factors);
  for (auto& tensor : tensors) {
    if (tensor.defined()) tensor = tensor.to(device_of_checks());
  }
  const auto found = kCudaOps.span_decode(like(factors, tensors), sequences, thresholds, cells);
  FactorTensors wide = tensors_of(factors);
  for (auto& tensor : wide) {
    if (tensor.defined()) tensor = tensor.to(at::kDouble);
  }
  const auto truth = span_decode_reference(like(factors, wide), sequences, thresholds, cells);
  findings.holds(std::to_string(truth.size()) + " hits, not " + std::to_string(found.size()),
                 found.size() == truth.size());
  double worst = 0;
  bool same = found.size() == truth.size();
  for (size_t i = 0; same && i < found.size(); ++i) {
    same = cell_of(found[i]) == cell_of(truth[i]);
    worst =
        std::max(worst, std::abs(static_cast<double>(found[i].score) - static_cast<double>(truth[i].score)));
  }
  findings.holds("in order", same);
  findings.below("scores", worst, precision);
}

void check_decode(Report& report) {
  constexpr float kNever = std::numeric_limits<float>::infinity();
  for (const FactorKind kind : {FactorKind::kProduct, FactorKind::kBiased, FactorKind::kAdditive}) {
    for (const auto& lengths : std::vector<std::vector<int64_t>>{{1}, {64}, {5, 1, 70, 2}, {130}}) {
      for (const bool masked : {false, true}) {
        report.run("kernels: span decode, " + factor_text(kind) + ", " + lengths_text(lengths) +
                       (masked ? ", special tokens masked" : ""),
                   [&](Findings& findings) {
                     const Sequences sequences = sequences_of(lengths);
                     for (const auto type : {at::kDouble, at::kFloat, at::kBFloat16}) {
                       const SpanFactors factors =
                           factors_of(kind, as(type, random_factors(kind, sequences.total(), 3, 8)));
                       // All, for which the first room is too small; few; none.
                       check_hits(findings, factors, sequences, {-kNever, -kNever, -kNever}, {masked}, 1e-5);
                       check_hits(findings, factors, sequences, {kNever, 1e6F, kNever}, {masked}, 1e-5);
                       if (type == at::kBFloat16 && kind == FactorKind::kAdditive)
                         continue;  // rounds otherwise
                       check_hits(findings, factors, sequences, {1.0F, 1.5F, 2.0F}, {masked}, 1e-5);
                     }
                   });
      }
    }
  }
}

}  // namespace

void check_cuda(Report& report) {
  if (!kOnCpu && !torch::cuda::is_available()) return;
  check_elementwise(report);
  check_layers(report);
  check_packed_attention(report);
  check_loss(report);
  check_decode(report);
}

}  // namespace gp::check
