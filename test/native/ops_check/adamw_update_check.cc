#include <ATen/ATen.h>

#include <cmath>
#include <string>
#include <vector>

#include "checks.h"
#include "compare.h"
#include "inputs.h"
#include "ops/adamw_update.h"
#include "ops/gradient_norm.h"
#include "two_threads.h"

namespace gp::check {
namespace {

at::Tensor values(at::IntArrayRef sizes, uint64_t seed) { return random_tensor(sizes, seed).to(at::kFloat); }

/** Two matrices and a vector, the first with gradients of some rows only. */
struct Case {
  int64_t rows, width;
  double weight_decay, divisor;
};

std::vector<AdamWTarget> targets_of(const Case& c) {
  std::vector<AdamWTarget> targets;
  uint64_t seed = 1;
  for (const auto& sizes : std::vector<std::vector<int64_t>>{{c.rows, c.width}, {c.width, 3}, {c.width}}) {
    const at::Tensor p = values(sizes, seed++);
    targets.push_back({p, {}, at::zeros_like(p), at::zeros_like(p), {}});
  }
  targets[0].begun_rows = at::zeros({c.rows}, at::kByte);
  return targets;
}

/** Rows 0 and 2 in the first step, 1 and 2 in the next, and so on; none in the third. */
at::Tensor sparse_gradient(const Case& c, int64_t step) {
  std::vector<int64_t> rows;
  for (const int64_t row : {step - 1, int64_t{2}, c.rows - 1}) {
    if (step != 3 && row < c.rows && (rows.empty() || row > rows.back())) rows.push_back(row);
  }
  const auto count = static_cast<int64_t>(rows.size());
  return at::sparse_coo_tensor(at::tensor(rows, at::kLong).view({1, count}),
                               values({count, c.width}, static_cast<uint64_t>(100 + step)), {c.rows, c.width})
      .coalesce();
}

template <typename Update>
std::vector<AdamWTarget> after_steps(const Case& c, int64_t steps, const Update& update) {
  std::vector<AdamWTarget> targets = targets_of(c);
  for (int64_t step = 1; step <= steps; ++step) {
    targets[0].gradient = sparse_gradient(c, step);
    for (size_t i = 1; i < targets.size(); ++i) {
      targets[i].gradient = values(targets[i].parameter.sizes(), static_cast<uint64_t>(10 * step) + i);
    }
    update(targets, {1e-2, c.weight_decay, 0.9, 0.999, 1e-8, step, c.divisor});
  }
  return targets;
}

void check_case(Findings& findings, const Case& c) {
  const auto expected = after_steps(c, 5, adamw_update_reference);
  const auto found = after_steps(c, 5, adamw_update_cpu);
  const auto dense = after_steps(c, 5, [](std::vector<AdamWTarget> targets, const AdamWUpdate& update) {
    targets[0].gradient = targets[0].gradient.to_dense();
    adamw_update_cpu(targets, update);
  });
  std::vector<AdamWTarget> threads;
  {
    const TwoThreads two;
    threads = after_steps(c, 5, adamw_update_cpu);
  }
  bool same = true;
  for (size_t i = 0; i < found.size(); ++i) {
    const std::string name = "tensor " + std::to_string(i);
    findings.below(name, relative_error(found[i].parameter, expected[i].parameter), 1e-6);
    findings.below(name + ", m", relative_error(found[i].first_moment, expected[i].first_moment), 1e-6);
    findings.below(name + ", v", relative_error(found[i].second_moment, expected[i].second_moment), 1e-6);
    same = same && found[i].parameter.equal(threads[i].parameter);
    findings.holds(
        name + ", a dense gradient of the same numbers gives the same bits",
        found[i].parameter.equal(dense[i].parameter) && found[i].second_moment.equal(dense[i].second_moment));
    findings.holds(name + ", ATen knows that it has changed", found[i].parameter._version() >= 5);
  }
  findings.holds("two threads, same bits", same);
  const at::Tensor moved = found[0].second_moment.ne(0).any(1).to(at::kByte);
  findings.holds("rows that have begun are told", found[0].begun_rows.equal(moved));
}

}  // namespace

void check_adamw_update(Report& report) {
  for (const Case& c :
       {Case{5, 1, 0, 1}, Case{5, 7, 0.01, 1}, Case{9, 64, 0.01, 3.5}, Case{2100, 33, 0.1, 1}}) {
    report.run("adamw update: " + std::to_string(c.rows) + " rows of " + std::to_string(c.width) +
                   ", decay " + std::to_string(c.weight_decay) + ", divisor " + std::to_string(c.divisor),
               [&](Findings& findings) { check_case(findings, c); });
  }
  report.run("adamw update: a gradient that is not a number shows", [](Findings& findings) {
    auto targets = targets_of({3, 4, 0.01, 1});
    targets.erase(targets.begin());
    for (auto& target : targets) target.gradient = at::full_like(target.parameter, NAN);
    adamw_update_cpu(targets, {1e-2, 0.01, 0.9, 0.999, 1e-8, 1});
    findings.holds("in every parameter", targets[0].parameter.isnan().all().item<bool>());
  });
  report.run("gradient norm: dense and sparse", [](Findings& findings) {
    const Case c{70000, 3, 0, 1};
    const std::vector<at::Tensor> all{values({100, 1000}, 1), sparse_gradient(c, 1), values({1}, 2)};
    const double one = gradient_norm_cpu(all), expected = gradient_norm_reference(all);
    findings.below("relative to the twin", std::abs(one - expected) / expected, 1e-6);
    const TwoThreads two;
    findings.holds("two threads, same bits", gradient_norm_cpu(all) == one);
    findings.holds("no gradient at all", gradient_norm({}) == 0);
  });
}

}  // namespace gp::check
