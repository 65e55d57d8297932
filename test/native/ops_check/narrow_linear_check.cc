#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <limits>
#include <string>

#include "checks.h"
#include "compare.h"
#include "inputs.h"
#include "ops/narrow_linear.h"
#include "two_threads.h"

namespace gp::check {
namespace {

at::Tensor single(at::IntArrayRef sizes, uint64_t seed) { return random_tensor(sizes, seed).to(at::kFloat); }

struct Layer {
  at::Tensor x;
  std::vector<at::Tensor> weights;
  std::vector<at::Tensor> biases;
};

Layer layer_of(int64_t tokens, int64_t in, const std::vector<int64_t>& outs) {
  Layer layer{single({tokens, in}, 1), {}, {}};
  for (size_t i = 0; i < outs.size(); ++i) {
    // Outputs of very different sizes: each has a scale of its own.
    layer.weights.push_back(single({outs[i], in}, 2 + i) * single({outs[i], 1}, 30 + i).exp());
    layer.biases.push_back(single({outs[i]}, 20 + i));
  }
  return layer;
}

/** Largest error of an output over its own largest value, in the worst of the outputs. */
double worst_output(const at::Tensor& found, const at::Tensor& truth) {
  return ((found - truth).abs().amax(0) / truth.abs().amax(0).clamp_min(1e-6)).max().item<double>();
}

void check_precision(Report& report, Precision precision, const std::string& name, double twin_bound,
                     double truth_bound) {
  for (const int64_t tokens : {1, 2, 64, 65, 130}) {
    for (const auto& [in, outs] : std::vector<std::pair<int64_t, std::vector<int64_t>>>{
             {1, {1}}, {7, {65}}, {64, {64}}, {33, {16, 16, 16}}, {770, {5}}}) {
      report.run(name + " linear: " + std::to_string(tokens) + " tokens of " + std::to_string(in),
                 [&](Findings& findings) {
                   const at::NoGradGuard no_gradient;
                   const Layer layer = layer_of(tokens, in, outs);
                   const NarrowLinear narrow(precision, layer.weights, layer.biases);
                   const at::Tensor bias = at::cat(layer.biases), weight = at::cat(layer.weights);
                   const at::Tensor found = narrow.forward(layer.x);
                   const at::Tensor twin = precision == Precision::kInt8
                                               ? int8_linear_reference(layer.x, layer.weights, bias)
                                               : bfloat16_linear_reference(layer.x, layer.weights, bias);
                   findings.below("twin", worst_output(found, twin), twin_bound);
                   findings.below("single precision",
                                  relative_error(found, at::linear(layer.x, weight, bias)), truth_bound);
                   const Activation gelu = Activation::kGelu;
                   findings.below("with activation",
                                  relative_error(narrow.forward(layer.x, &gelu), at::gelu(found)), 2e-6);
                   const TwoThreads two_threads;
                   findings.holds("two threads, same value", narrow.forward(layer.x).equal(found));
                 });
    }
  }
  report.run(name + " linear: rows without spread, and weights of nothing", [&](Findings& findings) {
    const at::NoGradGuard no_gradient;
    const at::Tensor x = at::full({3, 9}, 2.5F), weight = at::zeros({4, 9}), bias = at::ones({4});
    const NarrowLinear nothing(precision, {weight}, {bias});
    findings.holds("the bias is left", nothing.forward(x).eq(1).all().item<bool>());
    const NarrowLinear ones(precision, {weight + 1}, {bias});
    findings.below("a constant row", relative_error(ones.forward(x), at::full({3, 4}, 23.5F)), 1e-5);
  });
  report.run(name + " linear: what is not finite is not hidden", [&](Findings& findings) {
    const at::NoGradGuard no_gradient;
    for (const float odd :
         {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
      const at::Tensor x = single({3, 9}, 1), weight = single({70, 9}, 2), bias = at::zeros({70});
      at::Tensor odd_x = x.clone(), odd_weight = weight.clone();
      odd_x[1][4] = odd;
      odd_weight[66][3] = odd;
      const at::Tensor by_input = NarrowLinear(precision, {weight}, {bias}).forward(odd_x).isfinite();
      findings.holds("the row, and no other", !by_input[1].any().item<bool>() &&
                                                  by_input[0].all().item<bool>() &&
                                                  by_input[2].all().item<bool>());
      const at::Tensor by_weight = NarrowLinear(precision, {odd_weight}, {bias}).forward(x).isfinite();
      findings.holds("the output, and no other", !by_weight.select(1, 66).any().item<bool>() &&
                                                     by_weight.narrow(1, 0, 66).all().item<bool>());
    }
  });
}

}  // namespace

void check_narrow_linear(Report& report) {
  // A level that the twin rounds the other way changes an output by less than a hundredth.
  if (has_precision(Precision::kInt8)) check_precision(report, Precision::kInt8, "int8", 1e-2, 3e-2);
  if (has_precision(Precision::kBfloat16))
    check_precision(report, Precision::kBfloat16, "bfloat16", 1e-5, 2e-2);
}

}  // namespace gp::check
