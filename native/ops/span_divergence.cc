#include "ops/span_divergence.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <vector>

#include "ops/dispatch.h"
#include "ops/scalar_of_factors.h"
#include "ops/simd.h"
#include "ops/task_queue.h"

namespace gp {
namespace {

/** The sum over the cells of one task and its twin; with `backward` adds weight * its derivative. */
template <typename T, typename Scorer>
double diverge(const Scorer& scorer, const SpanTasks& tasks, int64_t task, bool backward, T weight) {
  const int64_t sequence = tasks.sequence(task), type = tasks.first_type(task), end = tasks.end(task);
  typename Scorer::Task one(scorer, sequence, type);
  typename Scorer::Task other(scorer, sequence + tasks.sequences.count() / 2, type);
  std::vector<T> buffers[2];
  double sum = 0;
  for (int64_t top = tasks.first(task); top < end; top += kTileRows) {
    const int64_t rows = std::min(kTileRows, end - top), columns = end - top;
    const int64_t line = line_stride(columns);
    for (auto& buffer : buffers) buffer.resize(static_cast<size_t>(tasks.types_of_task() * rows * line));
    const ScoreTile<T> a{buffers[0].data(), rows, columns, line}, b{buffers[1].data(), rows, columns, line};
    one.scores(top, a);
    other.scores(top, b);
    for (int64_t t = 0; t < tasks.types_of_task(); ++t) {
      for (int64_t r = 0; r < rows; ++r) {
        sum += static_cast<double>(divergence_in_place(a.line(t, r) + r, b.line(t, r) + r, columns - r));
        std::fill(a.line(t, r), a.line(t, r) + r, T(0));
        std::fill(b.line(t, r), b.line(t, r) + r, T(0));
      }
    }
    if (!backward) continue;
    one.backward(top, a, weight);
    other.backward(top, b, weight);
  }
  return sum;
}

template <typename T>
double run_tasks(const SpanFactors& factors, const FactorTensors& gradients, const Sequences& sequences,
                 SpanCells cells) {
  double sum = 0;
  const int64_t types = type_count(factors), half = sequences.count() / 2;
  const double count = static_cast<double>(half * types);
  with_scorer<T>(factors, gradients, sequences, [&](auto& scorer) {
    using Scorer = std::decay_t<decltype(scorer)>;
    const SpanTasks tasks{sequences, cells, types, Scorer::kByType};
    const int64_t pairs = half * tasks.tasks_per_sequence();
    std::vector<double> sums(static_cast<size_t>(pairs));
    for_tasks(pairs, [&] {
      return [&](int64_t task) {
        sums[static_cast<size_t>(task)] =
            diverge<T>(scorer, tasks, task, gradients[0].defined(), static_cast<T>(1.0 / count));
      };
    });
    scorer.finish();
    for (const double of_task : sums) sum += of_task;
  });
  return sum / count;
}

}  // namespace

at::Tensor span_divergence_reference(const SpanFactors& factors, const Sequences& sequences,
                                     SpanCells cells) {
  const int64_t half = sequences.count() / 2;
  std::vector<at::Tensor> sums;
  for (int64_t b = 0; b < half; ++b) {
    const at::Tensor one = dense_scores(factors, sequences, b);           // [types, L, L]
    const at::Tensor other = dense_scores(factors, sequences, b + half);  // [types, L, L]
    const at::Tensor apart = 0.5 * (one.sigmoid() - other.sigmoid()) * (one - other);
    const at::Tensor valid = valid_cells(sequences.length(b), cells, one);
    sums.push_back(apart.masked_fill(valid.logical_not(), 0).sum());
  }
  return at::stack(sums).sum() / static_cast<double>(half * type_count(factors));
}

at::Tensor span_divergence_cpu(const SpanFactors& factors, const Sequences& sequences, SpanCells cells) {
  return scalar_of_factors(factors, [&](const SpanFactors& given, const FactorTensors& gradients) {
    double divergence = 0;
    AT_DISPATCH_FLOATING_TYPES(tensors_of(given)[0].scalar_type(), "span_divergence_cpu",
                               [&] { divergence = run_tasks<scalar_t>(given, gradients, sequences, cells); });
    return divergence;
  });
}

at::Tensor span_divergence(const SpanFactors& factors, const Sequences& sequences, SpanCells cells) {
  return takes_cpu_path(tensors_of(factors)[0]) ? span_divergence_cpu(factors, sequences, cells)
                                                : span_divergence_reference(factors, sequences, cells);
}

}  // namespace gp
