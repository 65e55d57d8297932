#include "ops/span_loss.h"

#include <ATen/ATen.h>

#include <limits>
#include <vector>

#include "ops/cuda_ops.h"
#include "ops/dispatch.h"

namespace gp {

at::Tensor span_loss_reference(const SpanFactors& factors, const Sequences& sequences, const GoldSpans& gold,
                               SpanCells cells) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const int64_t types = type_count(factors);
  std::vector<at::Tensor> losses;
  for (int64_t b = 0; b < sequences.count(); ++b) {
    const int64_t length = sequences.length(b);
    const at::Tensor scores = dense_scores(factors, sequences, b).flatten(1);            // [types, L*L]
    const at::Tensor valid = valid_cells(length, cells, scores).flatten().unsqueeze(0);  // [1, L*L]
    at::Tensor target = at::zeros(scores.sizes(), at::TensorOptions(at::kDouble));
    auto cell = target.accessor<double, 2>();
    for (int64_t type = 0; type < types; ++type) {
      const auto task = static_cast<size_t>(b * types + type);
      for (int64_t i = gold.starts[task]; i < gold.starts[task + 1]; ++i) {
        const auto& span = gold.cells[static_cast<size_t>(i)];
        cell[type][span.start * length + span.end] = span.target;
      }
    }
    target = target.to(scores.options());
    const at::Tensor one = at::zeros({types, 1}, scores.options());  // e^0: the "1 +" of both logarithms
    // Left out, not set to a low number; log 0 does the same, but would make its gradient not a number.
    const at::Tensor negatives =
        (scores + (1 - target).log()).masked_fill(valid.logical_not().logical_or(target.ge(1)), -kInfinity);
    const at::Tensor positives = (target.log() - scores).masked_fill(target.le(0), -kInfinity);
    losses.push_back(at::logsumexp(at::cat({one, negatives}, 1), {1}) +
                     at::logsumexp(at::cat({one, positives}, 1), {1}));
  }
  return at::cat(losses).mean();
}

at::Tensor span_loss(const SpanFactors& factors, const Sequences& sequences, const GoldSpans& gold,
                     SpanCells cells) {
  if (const CudaOps* on_cuda = cuda_ops_for(tensors_of(factors)[0]))
    return on_cuda->span_loss(factors, sequences, gold, cells);
  return takes_cpu_path(tensors_of(factors)[0]) ? span_loss_cpu(factors, sequences, gold, cells)
                                                : span_loss_reference(factors, sequences, gold, cells);
}

}  // namespace gp
