#include "ops/gradient_norm.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <cmath>

#include "ops/dispatch.h"
#include "ops/rounding.h"
#include "ops/simd.h"
#include "ops/task_list.h"

namespace gp {
namespace {

/** The numbers of a gradient that may be other than zero. */
at::Tensor numbers(const at::Tensor& gradient) {
  return gradient.is_sparse() ? gradient._values() : gradient;
}

GP_MULTIVERSION double sum_of_squares(int64_t count, const float* values) {
  double sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t i = 0; i < count; ++i) sum += static_cast<double>(values[i]) * static_cast<double>(values[i]);
  return sum;
}

}  // namespace

double gradient_norm(const std::vector<at::Tensor>& gradients) {
  const bool fast = std::all_of(gradients.begin(), gradients.end(), [](const at::Tensor& gradient) {
    return takes_cpu_path(numbers(gradient)) && gradient.scalar_type() == at::kFloat;
  });
  return fast ? gradient_norm_cpu(gradients) : gradient_norm_reference(gradients);
}

double gradient_norm_reference(const std::vector<at::Tensor>& gradients) {
  const at::NoGradGuard no_gradient;
  std::vector<at::Tensor> all;
  for (const auto& gradient : gradients) all.push_back(numbers(gradient));
  return all.empty() ? 0 : at::stack(at::_foreach_norm(all, 2)).norm().item<double>();
}

double gradient_norm_cpu(const std::vector<at::Tensor>& gradients) {
  std::vector<at::Tensor> parts;
  int64_t tasks = 0;
  const auto tasks_of = [](const at::Tensor& part) { return parts_of(part.numel(), kTaskNumbers); };
  for (const auto& gradient : gradients) {
    parts.push_back(numbers(gradient).contiguous());
    tasks += tasks_of(parts.back());
  }
  // Summed in order in the end, whatever the number of threads.
  std::vector<double> sums(static_cast<size_t>(tasks));
  for_tasks_of(parts, tasks_of, [&](const at::Tensor& part, int64_t task, int64_t index) {
    const int64_t first = task * kTaskNumbers;
    sums[static_cast<size_t>(index)] =
        sum_of_squares(std::min(kTaskNumbers, part.numel() - first), part.const_data_ptr<float>() + first);
  });
  double sum = 0;
  for (const double one : sums) sum += one;
  return std::sqrt(sum);
}

}  // namespace gp
