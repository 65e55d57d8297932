#include "ops/span_decode.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "ops/cuda_ops.h"
#include "ops/dispatch.h"
#include "ops/scorer_dispatch.h"
#include "ops/simd.h"
#include "ops/task_queue.h"

namespace gp {
namespace {

/** Appends the hits of one task, ordered by (type, start, end). */
template <typename T, typename Scorer>
void decode_task(const Scorer& scorer, const SpanTasks& tasks, int64_t task,
                 const std::vector<float>& thresholds, std::vector<T>& buffer, std::vector<SpanHit>& hits) {
  const int64_t end = tasks.end(task), types = tasks.types_of_task(), first_type = tasks.first_type(task);
  typename Scorer::Task scores(scorer, tasks.sequence(task), first_type);
  std::vector<std::vector<SpanHit>> of_type(static_cast<size_t>(types));
  for (int64_t top = tasks.first(task); top < end; top += kTileRows) {
    const int64_t rows = std::min(kTileRows, end - top), columns = end - top;
    buffer.resize(static_cast<size_t>(types * rows * line_stride(columns)));
    const ScoreTile<T> tile{buffer.data(), rows, columns, line_stride(columns)};
    scores.scores(top, tile);
    for (int64_t type = 0; type < types; ++type) {
      const T threshold = static_cast<T>(thresholds[static_cast<size_t>(first_type + type)]);
      for (int64_t r = 0; r < rows; ++r) {
        const T* line = tile.line(type, r);
        // Nearly every row is empty: one vectorised maximum tells.
        if (!(max_value(line + r, columns - r) > threshold)) continue;
        for (int64_t c = r; c < columns; ++c) {
          if (!(line[c] > threshold)) continue;
          of_type[static_cast<size_t>(type)].push_back(
              {static_cast<int32_t>(tasks.sequence(task)), static_cast<int32_t>(first_type + type),
               static_cast<int32_t>(top + r), static_cast<int32_t>(top + c), static_cast<float>(line[c])});
        }
      }
    }
  }
  for (const auto& found : of_type) hits.insert(hits.end(), found.begin(), found.end());
}

}  // namespace

std::vector<SpanHit> span_decode_reference(const SpanFactors& factors, const Sequences& sequences,
                                           const std::vector<float>& thresholds, SpanCells cells) {
  std::vector<SpanHit> hits;
  const auto scores = span_scores(factors, sequences, cells);
  for (int64_t b = 0; b < sequences.count(); ++b) {
    const at::Tensor of_sequence = scores[static_cast<size_t>(b)];  // [types, L, L]
    const at::Tensor limits = at::tensor(thresholds, of_sequence.options().dtype(at::kFloat))
                                  .view({-1, 1, 1})
                                  .to(of_sequence.options());
    const at::Tensor above = of_sequence.gt(limits).nonzero();  // [hits, 3], in row-major order
    const at::Tensor values = of_sequence.index({above.select(1, 0), above.select(1, 1), above.select(1, 2)});
    const at::Tensor where = above.to(at::kCPU).contiguous();  // nonzero may lay its columns out first
    const at::Tensor value = values.to(at::kCPU, at::kFloat);
    for (int64_t i = 0; i < where.size(0); ++i) {
      const auto cell = where.const_data_ptr<int64_t>() + i * 3;
      hits.push_back({static_cast<int32_t>(b), static_cast<int32_t>(cell[0]), static_cast<int32_t>(cell[1]),
                      static_cast<int32_t>(cell[2]), value.const_data_ptr<float>()[i]});
    }
  }
  return hits;
}

std::vector<SpanHit> span_decode_cpu(const SpanFactors& factors, const Sequences& sequences,
                                     const std::vector<float>& thresholds, SpanCells cells) {
  const SpanFactors input = contiguous(factors);
  std::vector<std::vector<SpanHit>> of_sequence(static_cast<size_t>(sequences.count()));
  AT_DISPATCH_FLOATING_TYPES(tensors_of(input)[0].scalar_type(), "span_decode_cpu", [&] {
    with_scorer<scalar_t>(input, {}, sequences, [&](auto& scorer) {
      using Scorer = std::decay_t<decltype(scorer)>;
      const SpanTasks tasks{sequences, cells, type_count(input), Scorer::kByType};
      const int64_t each = tasks.tasks_per_sequence();
      for_tasks(sequences.count(), [&] {
        return [&, buffer = std::vector<scalar_t>()](int64_t sequence) mutable {
          for (int64_t task = sequence * each; task < (sequence + 1) * each; ++task) {
            decode_task<scalar_t>(scorer, tasks, task, thresholds, buffer,
                                  of_sequence[static_cast<size_t>(sequence)]);
          }
        };
      });
    });
  });
  std::vector<SpanHit> hits;
  for (const auto& found : of_sequence) hits.insert(hits.end(), found.begin(), found.end());
  return hits;
}

std::vector<SpanHit> span_decode(const SpanFactors& factors, const Sequences& sequences,
                                 const std::vector<float>& thresholds, SpanCells cells) {
  if (const CudaOps* on_cuda = cuda_ops_for(tensors_of(factors)[0]))
    return on_cuda->span_decode(factors, sequences, thresholds, cells);
  return takes_cpu_path(tensors_of(factors)[0])
             ? span_decode_cpu(factors, sequences, thresholds, cells)
             : span_decode_reference(factors, sequences, thresholds, cells);
}

}  // namespace gp
