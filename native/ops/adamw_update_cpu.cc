#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "ops/adamw_update.h"
#include "ops/simd.h"
#include "ops/task_queue.h"

namespace gp {
namespace {

// Numbers of a task, about: few tasks, and small beside what a thread does of them.
constexpr int64_t kTaskNumbers = 1 << 15;

struct Factors {
  explicit Factors(const AdamWUpdate& update)
      : decay(static_cast<float>(update.rate * update.weight_decay)),
        inverse_divisor(static_cast<float>(1 / update.divisor)),
        first_share(static_cast<float>(1 - update.beta1)),
        second_kept(static_cast<float>(update.beta2)),
        second_share(static_cast<float>(1 - update.beta2)),
        rate(
            static_cast<float>(update.rate / (1 - std::pow(update.beta1, static_cast<double>(update.step))))),
        second_scale(
            static_cast<float>(1 / std::sqrt(1 - std::pow(update.beta2, static_cast<double>(update.step))))),
        eps(static_cast<float>(update.eps)) {}

  float decay, inverse_divisor, first_share, second_kept, second_share, rate, second_scale, eps;
};

GP_MULTIVERSION void update_numbers(const Factors& f, int64_t count, const float* g, float* p, float* m,
                                    float* v) {
#pragma omp simd
  for (int64_t i = 0; i < count; ++i) {
    const float slope = g[i] * f.inverse_divisor, kept = p[i] - f.decay * p[i];
    m[i] += f.first_share * (slope - m[i]);
    v[i] = f.second_kept * v[i] + f.second_share * slope * slope;
    p[i] = kept - f.rate * m[i] / (std::sqrt(v[i]) * f.second_scale + f.eps);
  }
}

GP_MULTIVERSION void update_without_gradient(const Factors& f, int64_t count, float* p, float* m, float* v) {
#pragma omp simd
  for (int64_t i = 0; i < count; ++i) {
    const float kept = p[i] - f.decay * p[i];
    m[i] -= f.first_share * m[i];
    v[i] = f.second_kept * v[i];
    p[i] = kept - f.rate * m[i] / (std::sqrt(v[i]) * f.second_scale + f.eps);
  }
}

GP_MULTIVERSION void decay_numbers(const Factors& f, int64_t count, float* p) {
#pragma omp simd
  for (int64_t i = 0; i < count; ++i) p[i] -= f.decay * p[i];
}

GP_MULTIVERSION double sum_of_squares(int64_t count, const float* values) {
  double sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t i = 0; i < count; ++i) sum += static_cast<double>(values[i]) * static_cast<double>(values[i]);
  return sum;
}

/** One target's memory; `rows` of `width` numbers. */
struct Memory {
  explicit Memory(const AdamWTarget& target)
      : p(target.parameter.data_ptr<float>()),
        m(target.first_moment.data_ptr<float>()),
        v(target.second_moment.data_ptr<float>()) {
    if (!target.gradient.is_sparse()) {
      kept = target.gradient.contiguous();
      rows = target.parameter.numel();
      width = 1;
    } else {
      kept = target.gradient._values().contiguous();
      indices = target.gradient._indices().contiguous();
      given = indices.const_data_ptr<int64_t>();
      given_end = given + kept.size(0);
      begun = target.begun_rows.data_ptr<uint8_t>();
      rows = target.parameter.size(0);
      width = rows == 0 ? 0 : target.parameter.numel() / rows;
    }
    g = kept.const_data_ptr<float>();
    task_rows = std::max<int64_t>(1, kTaskNumbers / std::max<int64_t>(1, width));
    tasks = (rows + task_rows - 1) / task_rows;
  }

  void update(const Factors& factors, int64_t task) const {
    const int64_t first = task * task_rows, end = std::min(rows, first + task_rows);
    if (begun == nullptr)
      return update_numbers(factors, end - first, g + first, p + first, m + first, v + first);
    const int64_t* next = std::lower_bound(given, given_end, first);
    for (int64_t row = first; row < end; ++row) {
      const int64_t at = row * width;
      if (next != given_end && *next == row) {
        update_numbers(factors, width, g + (next - given) * width, p + at, m + at, v + at);
        begun[row] = 1;
        ++next;
      } else if (begun[row] != 0) {
        update_without_gradient(factors, width, p + at, m + at, v + at);
      } else if (factors.decay != 0) {
        decay_numbers(factors, width, p + at);
      }
    }
  }

  float *p, *m, *v;
  const float* g = nullptr;
  const int64_t *given = nullptr, *given_end = nullptr;  // rows of a sparse gradient, ascending
  uint8_t* begun = nullptr;                              // null where the gradient is dense
  at::Tensor kept, indices;
  int64_t rows = 0, width = 0, task_rows = 0, tasks = 0;
};

/** Calls visit(part, task of the part) for the tasks of all parts, which have as many as tasks_of says. */
template <typename Part, typename TasksOf, typename Visit>
void for_tasks_of(const std::vector<Part>& parts, const TasksOf& tasks_of, const Visit& visit) {
  std::vector<int64_t> ends;
  int64_t count = 0;
  for (const auto& part : parts) ends.push_back(count += tasks_of(part));
  for_tasks(count, [&] {
    return [&](int64_t task) {
      const auto part = static_cast<size_t>(std::upper_bound(ends.begin(), ends.end(), task) - ends.begin());
      visit(parts[part], task - (part == 0 ? 0 : ends[part - 1]), task);
    };
  });
}

}  // namespace

void adamw_update_cpu(const std::vector<AdamWTarget>& targets, const AdamWUpdate& update) {
  const Factors factors(update);
  const std::vector<Memory> parts(targets.begin(), targets.end());
  for_tasks_of(
      parts, [](const Memory& part) { return part.tasks; },
      [&](const Memory& part, int64_t task, int64_t) { part.update(factors, task); });
}

double gradient_norm_cpu(const std::vector<at::Tensor>& gradients) {
  std::vector<at::Tensor> parts;
  int64_t tasks = 0;
  const auto tasks_of = [](const at::Tensor& part) {
    return (part.numel() + kTaskNumbers - 1) / kTaskNumbers;
  };
  for (const auto& gradient : gradients) {
    parts.push_back((gradient.is_sparse() ? gradient._values() : gradient).contiguous());
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
