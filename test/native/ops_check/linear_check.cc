#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "checks.h"
#include "compare.h"
#include "inputs.h"
#include "ops/linear.h"
#include "ops/panel_product.h"
#include "ops/precision.h"
#include "ops/tile_product.h"
#include "ops/transpose.h"
#include "two_threads.h"

namespace gp::check {
namespace {

Twins linear_twins(int64_t tokens, int64_t in, const std::vector<int64_t>& outs) {
  std::vector<at::Tensor> inputs{random_tensor({tokens, in}, 1)};
  for (size_t i = 0; i < outs.size(); ++i) inputs.push_back(random_tensor({outs[i], in}, 2 + i));
  for (size_t i = 0; i < outs.size(); ++i) inputs.push_back(random_tensor({outs[i]}, 20 + i));
  const size_t count = outs.size();
  const auto split = [count](const std::vector<at::Tensor>& x) {
    const at::TensorList all(x);
    return std::pair(all.slice(1, count), all.slice(1 + count, count));
  };
  const Operation reference = [=](const auto& x) {
    const auto [weights, biases] = split(x);
    return linear_reference(x[0], weights, biases, Precision::kFloat);
  };
  const Operation fast = [=](const auto& x) {
    const auto [weights, biases] = split(x);
    return linear_cpu(x[0], weights, biases, nullptr, Precision::kFloat);
  };
  return {fast, reference, inputs, /*float_only=*/true};
}

Twins feed_forward_twins(int64_t tokens, int64_t in, int64_t inner, Activation activation) {
  const Operation reference = [=](const auto& x) {
    return feed_forward_reference(x[0], {x[1], x[2], x[3], x[4]}, activation, Precision::kFloat);
  };
  const Operation fast = [=](const auto& x) {
    return feed_forward_cpu(x[0], {x[1], x[2], x[3], x[4]}, activation, nullptr, Precision::kFloat);
  };
  return {fast,
          reference,
          {random_tensor({tokens, in}, 1), random_tensor({inner, in}, 2) * 0.3, random_tensor({inner}, 3),
           random_tensor({in, inner}, 4) * 0.3, random_tensor({in}, 5)},
          /*float_only=*/true};
}

/** Value and gradients, by all inputs and end to end, of what is computed from copies of the inputs as
 * `type`. */
Outcome with_slope(const Operation& operation, const std::vector<at::Tensor>& inputs, at::ScalarType type) {
  std::vector<at::Tensor> leaves;
  for (const auto& input : inputs) leaves.push_back(input.to(type).clone().requires_grad_(true));
  const at::Tensor value = operation(leaves);
  value.backward(random_tensor(value.sizes(), 99).to(at::kFloat).to(type));
  std::vector<at::Tensor> gradients;
  for (const auto& leaf : leaves) gradients.push_back(leaf.grad().flatten());
  return {value.detach(), at::cat(gradients)};
}

/** Rounds as the twin does: what is given to both is the same in single precision. */
void check_rounded(Findings& findings, const Operation& fast, const Operation& reference,
                   const Operation& exact, const std::vector<at::Tensor>& inputs, double twin_bound) {
  std::vector<at::Tensor> floats;
  for (const auto& input : inputs) floats.push_back(input.to(at::kFloat));
  const Outcome found = with_slope(fast, floats, at::kFloat),
                twin = with_slope(reference, floats, at::kDouble),
                truth = with_slope(exact, floats, at::kDouble);
  findings.below("twin, value", relative_error(found.value, twin.value), twin_bound);
  findings.below("twin, gradient", relative_error(found.gradient, twin.gradient), twin_bound);
  findings.below("single precision, value", relative_error(found.value, truth.value), 0.02);
  findings.below("single precision, gradient", relative_error(found.gradient, truth.gradient), 0.02);
  const TwoThreads two;
  const Outcome again = with_slope(fast, floats, at::kFloat);
  findings.holds("two threads, same bits",
                 again.value.equal(found.value) && again.gradient.equal(found.gradient));
}

void check_rounded_linear(Findings& findings, int64_t tokens, int64_t in, const std::vector<int64_t>& outs) {
  const Twins twins = linear_twins(tokens, in, outs);
  const size_t count = outs.size();
  const auto in_precision = [count](bool fast, Precision precision) -> Operation {
    return [=](const std::vector<at::Tensor>& x) {
      const at::TensorList all(x), weights = all.slice(1, count), biases = all.slice(1 + count, count);
      return fast ? linear_cpu(x[0], weights, biases, nullptr, precision)
                  : linear_reference(x[0], weights, biases, precision);
    };
  };
  check_rounded(findings, in_precision(true, Precision::kBfloat16), in_precision(false, Precision::kBfloat16),
                in_precision(false, Precision::kFloat), twins.inputs, 1e-5);
}

void check_rounded_feed_forward(Findings& findings, int64_t tokens, int64_t in, int64_t inner) {
  const Twins twins = feed_forward_twins(tokens, in, inner, Activation::kGelu);
  const auto in_precision = [](bool fast, Precision precision) -> Operation {
    return [=](const std::vector<at::Tensor>& x) {
      const FeedForwardWeights weights{x[1], x[2], x[3], x[4]};
      return fast ? feed_forward_cpu(x[0], weights, Activation::kGelu, nullptr, precision)
                  : feed_forward_reference(x[0], weights, Activation::kGelu, precision);
    };
  };
  // What is activated differs in the last bits, and may be rounded to the neighbour.
  check_rounded(findings, in_precision(true, Precision::kBfloat16), in_precision(false, Precision::kBfloat16),
                in_precision(false, Precision::kFloat), twins.inputs, 4e-3);
}

std::string sizes_text(int64_t tokens, int64_t in, int64_t out) {
  return std::to_string(tokens) + " tokens, " + std::to_string(in) + " to " + std::to_string(out);
}

void check_kept_panels(Findings& findings) {
  const at::NoGradGuard no_gradient;
  PanelCache cache;
  const at::Tensor x = random_tensor({9, 20}, 1).to(at::kFloat), bias = at::zeros({7}, at::kFloat);
  at::Tensor weight = random_tensor({7, 20}, 2).to(at::kFloat);
  const auto error = [&] {
    return relative_error(linear_cpu(x, {weight}, {bias}, &cache, Precision::kFloat),
                          at::linear(x, weight, bias));
  };
  findings.below("made", error(), 1e-5);
  const float* const kept = cache.transposed({weight}).panel(0, 0, 1, nullptr);
  findings.holds("kept", cache.transposed({weight}).panel(0, 0, 1, nullptr) == kept);
  weight.mul_(-2);
  findings.below("the weight has changed in place", error(), 1e-5);
  weight.set_data(random_tensor({7, 20}, 3).to(at::kFloat));
  findings.below("the weight points elsewhere", error(), 1e-5);
  cache.clear();
  findings.below("given back", error(), 1e-5);
}

void check_transposes(Findings& findings) {
  bool same = true;
  for (const int64_t rows : {1, 5, 15, 16}) {
    for (const int64_t columns : {1, 3, 15, 16}) {
      const at::Tensor from = random_tensor({rows, 20}, 1).to(at::kFloat);
      const at::Tensor to = at::full({columns, 23}, 7, at::kFloat);
      transpose_block(from.const_data_ptr<float>(), 20, rows, columns, to.data_ptr<float>(), 23);
      same = same && to.narrow(1, 0, rows).equal(from.narrow(1, 0, columns).t()) &&
             to.narrow(1, rows, 23 - rows).eq(7).all().item<bool>();
    }
  }
  findings.holds("turned, and nothing else touched", same);
}

/** Whether the tasks cover every row of every panel once, cut only between tiles. */
bool covers(int64_t rows, int64_t panels, int64_t threads, bool copies) {
  const ProductShares shares(rows, panels, threads, copies);
  std::vector<int> visits(static_cast<size_t>(rows * panels));
  for (int64_t index = 0; index < shares.tasks(); ++index) {
    const ProductTask task = shares.task(index);
    if (task.first_row % kTileProductRows != 0 || task.end_panel - task.first_panel > shares.most_panels())
      return false;
    for (int64_t row = task.first_row; row < task.end_row; ++row) {
      for (int64_t p = task.first_panel; p < task.end_panel; ++p)
        ++visits[static_cast<size_t>(row * panels + p)];
    }
  }
  return std::all_of(visits.begin(), visits.end(), [](int count) { return count == 1; });
}

void check_shares(Findings& findings) {
  for (const int64_t rows : {1, 63, 64, 65, 608, 2400}) {
    for (const int64_t panels : {1, 2, 5, 6, 12, 48}) {
      for (const int64_t threads : {1, 2, 7, 64}) {
        const std::string sizes = std::to_string(rows) + " rows, " + std::to_string(panels) + " panels, " +
                                  std::to_string(threads) + " threads";
        findings.holds(sizes, covers(rows, panels, threads, true) && covers(rows, panels, threads, false));
      }
    }
  }
  findings.holds("a task's panels fit into the cache", ProductShares(1000, 24, 1, true).most_panels() == 3);
  findings.holds("two threads have one part each of six panels", ProductShares(600, 6, 2, true).tasks() == 2);
  findings.holds("one panel: its rows are shared out", ProductShares(1000, 1, 2, true).tasks() == 2);
}

}  // namespace

void check_linear(Report& report) {
  report.run("activations far from zero", [](Findings& findings) {
    const at::Tensor x = at::linspace(-30, 30, 6001, at::kFloat);
    for (const auto activation : {Activation::kGelu, Activation::kGeluTanh, Activation::kRelu}) {
      at::Tensor out = at::empty_like(x);
      activate(activation, x.const_data_ptr<float>(), x.numel(), out.data_ptr<float>());
      const at::Tensor truth = activation_reference(x.to(at::kDouble), activation);
      const at::Tensor error = (out - truth).abs() / (x.abs() + 1);
      const float odd = std::numeric_limits<float>::quiet_NaN();
      float kept = 0, slope = 1;
      activate_backward(activation, &odd, 1, &kept, &slope);
      findings.holds("no number stays none", std::isnan(kept));
      findings.below("activation " + std::to_string(static_cast<int>(activation)), error.max().item<double>(),
                     1e-6);
    }
  });
  report.run("transposes of blocks", check_transposes);
  report.run("shares of panels", check_shares);
  if (!has_tile_products()) return;
  // One token, one column, at and around blocks of 64 rows and columns, and sums made in pieces of 768.
  for (const int64_t tokens : {1, 2, 63, 64, 65, 300, 800}) {
    for (const auto& [in, outs] : std::vector<std::pair<int64_t, std::vector<int64_t>>>{
             {1, {1}}, {7, {65}}, {64, {64}}, {33, {16, 16, 16}}, {128, {100, 60}}, {770, {5}}}) {
      int64_t out = 0;
      for (const int64_t one : outs) out += one;
      report.run("linear: " + sizes_text(tokens, in, out) + " in " + std::to_string(outs.size()),
                 [&](Findings& findings) { check_twins(findings, linear_twins(tokens, in, outs)); });
    }
    for (const auto activation : {Activation::kGelu, Activation::kGeluTanh, Activation::kRelu}) {
      for (const auto& [in, inner] : std::vector<std::pair<int64_t, int64_t>>{{1, 1}, {12, 70}, {64, 256}}) {
        report.run("feed-forward: " + sizes_text(tokens, in, inner) + ", activation " +
                       std::to_string(static_cast<int>(activation)),
                   [&](Findings& findings) {
                     check_twins(findings, feed_forward_twins(tokens, in, inner, activation));
                   });
      }
    }
  }
  report.run("linear: frozen weights and inputs without gradient", [](Findings& findings) {
    const at::Tensor x = random_tensor({70, 20}, 1).to(at::kFloat), bias = at::zeros({30}, at::kFloat);
    const at::Tensor weight = random_tensor({30, 20}, 2).to(at::kFloat);
    at::Tensor input = x.clone().requires_grad_(true);
    linear_cpu(input, {weight}, {bias}, nullptr, Precision::kFloat).sum().backward();
    findings.below("by the input alone", relative_error(input.grad(), weight.sum(0).expand({70, 20})), 1e-5);
    at::Tensor learning = weight.clone().requires_grad_(true);
    linear_cpu(x, {learning}, {bias.clone().requires_grad_(true)}, nullptr, Precision::kFloat)
        .sum()
        .backward();
    findings.below("by the weight alone", relative_error(learning.grad(), x.sum(0).expand({30, 20})), 1e-5);
  });
  // The inner layer in several parts, and more rows than one sum takes.
  report.run("feed-forward: in parts", [](Findings& findings) {
    check_twins(findings, feed_forward_twins(1500, 12, 2048, Activation::kGelu));
  });
  if (has_precision(Precision::kBfloat16)) {
    report.run("feed-forward in bfloat16: in parts",
               [](Findings& findings) { check_rounded_feed_forward(findings, 1500, 12, 2048); });
    for (const int64_t tokens : {1, 2, 65, 800}) {
      for (const auto& [in, outs] : std::vector<std::pair<int64_t, std::vector<int64_t>>>{
               {1, {1}}, {7, {65}}, {64, {64}}, {33, {15, 18}}, {128, {100, 61}}, {771, {5}}}) {
        int64_t out = 0;
        for (const int64_t one : outs) out += one;
        report.run(
            "linear in bfloat16: " + sizes_text(tokens, in, out) + " in " + std::to_string(outs.size()),
            [&](Findings& findings) { check_rounded_linear(findings, tokens, in, outs); });
      }
      for (const auto& [in, inner] : std::vector<std::pair<int64_t, int64_t>>{{1, 1}, {13, 71}, {64, 256}}) {
        report.run("feed-forward in bfloat16: " + sizes_text(tokens, in, inner),
                   [&](Findings& findings) { check_rounded_feed_forward(findings, tokens, in, inner); });
      }
    }
  }
  report.run("linear: panels that are kept", check_kept_panels);
}

}  // namespace gp::check
