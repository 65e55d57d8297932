#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "ops/adamw_update.h"
#include "ops/rounding.h"
#include "ops/simd.h"
#include "ops/task_list.h"

namespace gp {
namespace {

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

/** One target's memory; `rows` of `width` numbers. */
struct Memory {
  explicit Memory(const AdamWTarget& target)
      : p(target.parameter.data_ptr<float>()),
        m(target.first_moment.data_ptr<float>()),
        v(target.second_moment.data_ptr<float>()) {
    if (!target.gradient.is_sparse()) {
      if (target.begun_rows.defined()) target.begun_rows.fill_(1);
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
    tasks = parts_of(rows, task_rows);
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

}  // namespace

void adamw_update_cpu(const std::vector<AdamWTarget>& targets, const AdamWUpdate& update) {
  const Factors factors(update);
  const std::vector<Memory> parts(targets.begin(), targets.end());
  for_tasks_of(
      parts, [](const Memory& part) { return part.tasks; },
      [&](const Memory& part, int64_t task, int64_t) { part.update(factors, task); });
  // What was written behind ATen's back: panels of weights, and autograd, go by the versions.
  for (const auto& target : targets) {
    for (const auto& tensor : {target.parameter, target.first_moment, target.second_moment})
      tensor.unsafeGetTensorImpl()->bump_version();
  }
}

}  // namespace gp
