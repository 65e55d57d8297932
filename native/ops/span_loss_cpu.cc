#include <ATen/Dispatch.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "ops/scalar_of_factors.h"
#include "ops/simd.h"
#include "ops/span_loss.h"
#include "ops/task_queue.h"

namespace gp {
namespace {

// Up to this many scores of a task, 1 MB of floats, stay in the second-level cache between the two passes;
// more are computed again.
constexpr int64_t kKeptScores = 512 * 512;

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

/** The loss of one task after another, with buffers that one thread uses again and again. */
template <typename T, typename Scorer>
class SpanLossWorker {
 public:
  SpanLossWorker(const Scorer& scorer, const SpanTasks& tasks, const GoldSpans& gold)
      : scorer_(scorer), tasks_(tasks), gold_(gold) {}

  /** Returns the task's loss, summed over its types; with `backward` also adds weight * its derivative. */
  double run(int64_t task, bool backward, T weight) {
    first_ = tasks_.first(task);
    end_ = tasks_.end(task);
    if (first_ >= end_) return 0;
    types_ = tasks_.types_of_task();
    stride_ = line_stride(end_ - first_);
    keep_ = types_ * stride_ * stride_ <= kKeptScores;
    buffer_.resize(
        static_cast<size_t>(types_ * (keep_ ? stride_ : std::min(end_ - first_, kTileRows)) * stride_));
    group_ = static_cast<size_t>(tasks_.sequence(task) * tasks_.types + tasks_.first_type(task));
    gold_scores_.assign(static_cast<size_t>(gold_end(types_ - 1) - gold_begin(0)), T(0));

    typename Scorer::Task scores(scorer_, tasks_.sequence(task), tasks_.first_type(task));
    std::vector<LogOnePlusSumExp> negatives(static_cast<size_t>(types_)), positives(negatives);
    for (int64_t top = first_; top < end_; top += kTileRows) {
      const ScoreTile<T> tile = score_tile(scores, top, /*read_gold=*/true);
      for (int64_t type = 0; type < types_; ++type) {
        auto& sum = negatives[static_cast<size_t>(type)];
        for (int64_t r = 0; r < tile.rows; ++r) {
          const T* valid = tile.line(type, r) + r;
          const int64_t count = tile.columns - r;
          const T peak = max_value(valid, count);
          if (!(peak > -std::numeric_limits<T>::infinity())) {
            // Nothing but gold in this row, or a score that is not a number, which must show in the loss.
            if (std::isnan(dot(valid, valid, count))) return std::numeric_limits<double>::quiet_NaN();
            continue;
          }
          sum.raise_peak(static_cast<double>(peak));
          sum.sum += static_cast<double>(sum_exp(valid, count, static_cast<T>(sum.peak)));
        }
      }
    }
    for (int64_t type = 0; type < types_; ++type) add_gold(type, negatives, positives);

    double loss = 0;
    Logarithms logarithms;
    for (int64_t type = 0; type < types_; ++type) {
      logarithms.negatives.push_back(negatives[static_cast<size_t>(type)].value());
      logarithms.positives.push_back(positives[static_cast<size_t>(type)].value());
      loss += logarithms.negatives.back() + logarithms.positives.back();
    }
    if (backward) run_backward(scores, logarithms, weight);
    return loss;
  }

 private:
  /** N and P of each type, the two logarithms of the loss. */
  struct Logarithms {
    std::vector<double> negatives, positives;
  };

  int64_t gold_begin(int64_t type) const { return gold_.starts[group_ + static_cast<size_t>(type)]; }
  int64_t gold_end(int64_t type) const { return gold_.starts[group_ + static_cast<size_t>(type) + 1]; }
  const GoldSpans::Cell& gold_cell(int64_t index) const { return gold_.cells[static_cast<size_t>(index)]; }
  double gold_score(int64_t index) const {
    return static_cast<double>(gold_scores_[static_cast<size_t>(index - gold_begin(0))]);
  }

  ScoreTile<T> tile_at(int64_t top) {
    T* data = buffer_.data() + (keep_ ? types_ * (top - first_) * stride_ : 0);
    return {data, std::min(kTileRows, end_ - top), end_ - top, stride_};
  }

  /** Scores of the rows from `top`, gold cells set to -infinity so that sums leave them out. */
  ScoreTile<T> score_tile(typename Scorer::Task& scores, int64_t top, bool read_gold) {
    const ScoreTile<T> tile = tile_at(top);
    scores.scores(top, tile);
    for_gold_in(top, tile, [&](int64_t, int64_t index, T& cell) {
      if (read_gold) gold_scores_[static_cast<size_t>(index - gold_begin(0))] = cell;
      cell = -std::numeric_limits<T>::infinity();
    });
    return tile;
  }

  /** Calls visit(type, index of the gold span, cell) for the gold cells of a tile. */
  template <typename Visit>
  void for_gold_in(int64_t top, const ScoreTile<T>& tile, Visit visit) {
    for (int64_t type = 0; type < types_; ++type) {
      for (int64_t i = gold_begin(type); i < gold_end(type); ++i) {
        const auto& span = gold_cell(i);
        if (span.start < top || span.start >= top + tile.rows) continue;
        visit(type, i, tile.line(type, span.start - top)[span.end - top]);
      }
    }
  }

  /** Gold scores go where their targets send them: t e^-s to the positives, (1 - t) e^s to the negatives. */
  void add_gold(int64_t type, std::vector<LogOnePlusSumExp>& negatives,
                std::vector<LogOnePlusSumExp>& positives) const {
    for (int64_t i = gold_begin(type); i < gold_end(type); ++i) {
      const double target = gold_cell(i).target, score = gold_score(i);
      positives[static_cast<size_t>(type)].add(std::log(target) - score);
      if (target < 1) negatives[static_cast<size_t>(type)].add(score + std::log1p(-target));
    }
  }

  /** G = e^(s - N) where not gold; -t e^(-s - P) + (1 - t) e^(s - N) where gold. */
  void run_backward(typename Scorer::Task& scores, const Logarithms& logarithms, T weight) {
    for (int64_t top = first_; top < end_; top += kTileRows) {
      const ScoreTile<T> tile = keep_ ? tile_at(top) : score_tile(scores, top, /*read_gold=*/false);
      for (int64_t type = 0; type < types_; ++type) {
        const T n = static_cast<T>(logarithms.negatives[static_cast<size_t>(type)]);
        for (int64_t r = 0; r < tile.rows; ++r) {
          T* line = tile.line(type, r);
          std::fill(line, line + r, T(0));
          exp_in_place(line + r, tile.columns - r, n);
        }
      }
      for_gold_in(top, tile, [&](int64_t type, int64_t index, T& cell) {
        const double target = gold_cell(index).target, score = gold_score(index);
        const double n = logarithms.negatives[static_cast<size_t>(type)];
        const double p = logarithms.positives[static_cast<size_t>(type)];
        double slope = -std::exp(std::log(target) - score - p);
        if (target < 1) slope += std::exp(score + std::log1p(-target) - n);
        cell = static_cast<T>(slope);
      });
      scores.backward(top, tile, weight);
    }
  }

  const Scorer& scorer_;
  const SpanTasks& tasks_;
  const GoldSpans& gold_;
  int64_t first_ = 0, end_ = 0, stride_ = 0, types_ = 0;
  size_t group_ = 0;  // of the task's first type in gold_.starts
  bool keep_ = true;
  std::vector<T> buffer_;
  std::vector<T> gold_scores_;
};

/** Mean loss over all sequences and types; where gradients are defined, its derivative. */
template <typename T>
double run_tasks(const SpanFactors& factors, const FactorTensors& gradients, const Sequences& sequences,
                 const GoldSpans& gold, SpanCells cells) {
  double sum = 0;
  const bool backward = gradients[0].defined();
  const int64_t types = type_count(factors);
  const double count = static_cast<double>(sequences.count() * types);
  with_scorer<T>(factors, gradients, sequences, [&](auto& scorer) {
    using Scorer = std::decay_t<decltype(scorer)>;
    const SpanTasks tasks{sequences, cells, types, Scorer::kByType};
    std::vector<double> losses(static_cast<size_t>(tasks.count()));
    for_tasks(tasks.count(), [&] {
      return [&, worker = SpanLossWorker<T, Scorer>(scorer, tasks, gold)](int64_t task) mutable {
        losses[static_cast<size_t>(task)] = worker.run(task, backward, static_cast<T>(1.0 / count));
      };
    });
    scorer.finish();
    for (const double loss : losses) sum += loss;
  });
  return sum / count;
}

}  // namespace

at::Tensor span_loss_cpu(const SpanFactors& factors, const Sequences& sequences, const GoldSpans& gold,
                         SpanCells cells) {
  return scalar_of_factors(factors, [&](const SpanFactors& given, const FactorTensors& gradients) {
    double loss = 0;
    AT_DISPATCH_FLOATING_TYPES(tensors_of(given)[0].scalar_type(), "span_loss_cpu",
                               [&] { loss = run_tasks<scalar_t>(given, gradients, sequences, gold, cells); });
    return loss;
  });
}

}  // namespace gp
