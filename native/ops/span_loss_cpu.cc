#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "ops/simd.h"
#include "ops/span_loss.h"

namespace gp {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// Up to this many tokens the scores of one (sequence, type), 1 MB, stay in the second-level cache between the
// two passes; beyond it they are computed again.
constexpr int64_t kKeepLength = 512;

/** log(1 + sum e^x) over values that come in pieces: sum e^(x - peak) is kept, peak being at least 0. */
struct LogOnePlusSumExp {
  double peak = 0;
  double sum = 1;

  void raise_peak(double to) {
    if (to <= peak) return;
    sum *= std::exp(peak - to);
    peak = to;
  }
  void add(double value) {
    raise_peak(value);
    sum += std::exp(value - peak);
  }
  double value() const { return peak + std::log(sum); }
};

/** The loss of one (sequence, type) after another, with buffers that one thread uses again and again. */
template <typename T>
class SpanLossTask {
 public:
  SpanLossTask(const SpanScores<T>& scores, const GoldSpans& gold)
      : scores_(scores),
        gold_(gold),
        scale_(static_cast<T>(1.0 / std::sqrt(static_cast<double>(scores.size)))) {}

  /** Returns the task's loss; with `gradient` (laid out as query_key, zeroed) also writes weight * d loss / d
   * q, k. */
  double run(int64_t task, T* gradient, T weight) {
    first_ = scores_.first(task);
    end_ = scores_.end(task);
    if (first_ >= end_) return 0;
    const int64_t length = end_ - first_;
    keep_ = length <= kKeepLength;
    stride_ = length;
    buffer_.resize(static_cast<size_t>((keep_ ? length : std::min(length, kTileRows)) * stride_));
    gold_begin_ = gold_.starts[static_cast<size_t>(task)];
    gold_end_ = gold_.starts[static_cast<size_t>(task) + 1];
    gold_scores_.assign(static_cast<size_t>(gold_end_ - gold_begin_), T(0));

    LogOnePlusSumExp negatives, positives;
    for (int64_t top = first_; top < end_; top += kTileRows) {
      T* tile = score_tile(task, top, /*read_gold=*/true);
      for (int64_t r = 0; r < rows(top); ++r) {
        const T* valid = tile + r * stride_ + r;
        const int64_t count = end_ - top - r;
        const T peak = max_value(valid, count);
        if (!(peak > -std::numeric_limits<T>::infinity())) {
          // Nothing but gold in this row, or a score that is not a number, which must show in the loss.
          if (std::isnan(dot(valid, valid, count))) return std::numeric_limits<double>::quiet_NaN();
          continue;
        }
        negatives.raise_peak(static_cast<double>(peak));
        negatives.sum += static_cast<double>(sum_exp(valid, count, static_cast<T>(negatives.peak)));
      }
    }
    for (const T score : gold_scores_) positives.add(-static_cast<double>(score));
    const double n = negatives.value(), p = positives.value();
    if (gradient != nullptr) backward(task, n, p, gradient, weight);
    return n + p;
  }

 private:
  int64_t rows(int64_t top) const { return std::min(kTileRows, end_ - top); }

  /** Scores of the rows from `top`, gold cells set to -infinity so that sums leave them out. */
  T* score_tile(int64_t task, int64_t top, bool read_gold) {
    T* tile = buffer_.data() + (keep_ ? (top - first_) * stride_ : 0);
    scores_.score_rows(task, top, rows(top), scale_, tile, stride_);
    for_gold_in(
        top,
        [&](int64_t index, T& cell) {
          if (read_gold) gold_scores_[static_cast<size_t>(index)] = cell;
          cell = -std::numeric_limits<T>::infinity();
        },
        tile);
    return tile;
  }

  /** Calls visit(index among the task's gold spans, cell) for the gold cells of the rows from `top`. */
  template <typename Visit>
  void for_gold_in(int64_t top, Visit visit, T* tile) {
    for (int64_t i = gold_begin_; i < gold_end_; ++i) {
      const auto& span = gold_.cells[static_cast<size_t>(i)];
      if (span.start < top || span.start >= top + rows(top)) continue;
      visit(i - gold_begin_, tile[(span.start - top) * stride_ + (span.end - top)]);
    }
  }

  /**
   * G = e^(s - N) where not gold, -e^(-s - P) where gold, N and P the two logarithms; dq_i = sum_j G_ij k_j
   * and dk_j = sum_i G_ij q_i, times scale and weight.
   */
  void backward(int64_t task, double n, double p, T* gradient, T weight) {
    const int64_t row = scores_.row(), size = scores_.size;
    for (int64_t top = first_; top < end_; top += kTileRows) {
      T* tile =
          keep_ ? buffer_.data() + (top - first_) * stride_ : score_tile(task, top, /*read_gold=*/false);
      const int64_t columns = end_ - top;
      for (int64_t r = 0; r < rows(top); ++r) {
        T* line = tile + r * stride_;
        std::fill(line, line + r, T(0));
        exp_in_place(line + r, columns - r, static_cast<T>(n));
      }
      for_gold_in(
          top,
          [&](int64_t index, T& cell) {
            cell =
                static_cast<T>(-std::exp(-static_cast<double>(gold_scores_[static_cast<size_t>(index)]) - p));
          },
          tile);
      const int64_t at = scores_.offset(task) + top * row;
      const T* query = scores_.query_key + at;
      const T* key = query + size;
      const T factor = scale_ * weight;
      gemm<T>(rows(top), size, columns, factor, {tile, stride_}, {key, row}, T(0), gradient + at, row);
      gemm<T>(columns, size, rows(top), factor, {tile, stride_, true}, {query, row}, T(1),
              gradient + at + size, row);
    }
  }

  const SpanScores<T>& scores_;
  const GoldSpans& gold_;
  const T scale_;
  int64_t first_ = 0, end_ = 0, stride_ = 0, gold_begin_ = 0, gold_end_ = 0;
  bool keep_ = true;
  std::vector<T> buffer_;
  std::vector<T> gold_scores_;
};

/** Mean loss over all tasks; with `gradient` its derivative. */
template <typename T>
double run_tasks(const SpanScores<T>& scores, const GoldSpans& gold, T* gradient) {
  const int64_t tasks = scores.tasks();
  std::vector<double> losses(static_cast<size_t>(tasks));
  const T weight = static_cast<T>(1.0 / static_cast<double>(tasks));
  at::parallel_for(0, tasks, 1, [&](int64_t first, int64_t last) {
    SpanLossTask<T> worker(scores, gold);
    for (int64_t task = first; task < last; ++task) {
      losses[static_cast<size_t>(task)] = worker.run(task, gradient, weight);
    }
  });
  double sum = 0;
  for (const double loss : losses) sum += loss;
  return sum / static_cast<double>(tasks);
}

struct SpanLossFunction : torch::autograd::Function<SpanLossFunction> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& query_key, const Sequences& sequences,
                            const GoldSpans& gold, SpanCells cells, bool wants_gradient) {
    const at::Tensor input = query_key.contiguous();
    at::Tensor gradient = wants_gradient ? at::zeros_like(input) : at::Tensor();
    double loss = 0;
    AT_DISPATCH_FLOATING_TYPES(input.scalar_type(), "span_loss_cpu", [&] {
      const SpanScores<scalar_t> scores{input.const_data_ptr<scalar_t>(), input.size(1), input.size(3),
                                        sequences, cells};
      loss = run_tasks(scores, gold, wants_gradient ? gradient.data_ptr<scalar_t>() : nullptr);
    });
    // The gradient falls out of the forward pass, while the scores are in the cache.
    if (wants_gradient) context->saved_data["gradient"] = gradient;
    return at::scalar_tensor(loss, input.options());
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const at::Tensor gradient = context->saved_data["gradient"].toTensor();
    return {gradient * gradients[0], at::Tensor(), at::Tensor(), at::Tensor(), at::Tensor()};
  }
};

}  // namespace

at::Tensor span_loss_cpu(const at::Tensor& query_key, const Sequences& sequences, const GoldSpans& gold,
                         SpanCells cells) {
  const bool wants_gradient = at::GradMode::is_enabled() && query_key.requires_grad();
  return SpanLossFunction::apply(query_key, sequences, gold, cells, wants_gradient);
}

}  // namespace gp
