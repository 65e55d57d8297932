#pragma once

#include <ATen/ATen.h>

#include <algorithm>
#include <vector>

#include "ops/gemm.h"
#include "ops/score_tile.h"
#include "ops/simd.h"
#include "ops/span_factors.h"

namespace gp {

/**
 * TPLinker's additive scores, AdditiveFactors; what a scorer is, span_scorers.h says. The vectors
 * tanh(first_i + last_j) of a few hundred cells exist at a time, and are computed again in the backward pass.
 */
template <typename T>
class AdditiveScorer {
 public:
  static constexpr bool kByType = false;

  AdditiveScorer(const FactorTensors& factors, const FactorTensors& gradients, const Sequences& sequences)
      : sequences_(sequences),
        pair_(factors[0].const_data_ptr<T>()),
        weight_(factors[1].const_data_ptr<T>()),
        bias_(factors[2].const_data_ptr<T>()),
        pair_gradient_(gradients[0].defined() ? gradients[0].template data_ptr<T>() : nullptr),
        gradients_(gradients),
        size_(factors[0].size(2)),
        types_(factors[1].size(0)) {
    if (pair_gradient_ == nullptr) return;
    // Every sequence adds to the gradients of weight and bias: each has a copy, summed up in the end.
    weight_parts_ = at::zeros({sequences.count(), types_, size_}, factors[1].options());
    bias_parts_ = at::zeros({sequences.count(), types_}, factors[1].options());
  }

  class Task {
   public:
    Task(const AdditiveScorer& scorer, int64_t sequence, int64_t)
        : scorer_(scorer), sequence_(sequence), begin_(scorer.sequences_.begin(sequence)) {}

    void scores(int64_t top, const ScoreTile<T>& tile) {
      const int64_t types = scorer_.types_, size = scorer_.size_;
      for_chunks(tile, [&](const std::vector<Segment>& segments, int64_t cells) {
        hidden_of(top, segments);
        values_.resize(static_cast<size_t>(types * kCells));
        gemm<T>(types, cells, size, T(1), {scorer_.weight_, size}, {hidden_.data(), size, true}, T(0),
                values_.data(), cells);  // [types, cells]
        for (int64_t type = 0; type < types; ++type) {
          const T* value = values_.data() + type * cells;
          for (const auto& [row, column, count] : segments) {
            T* line = tile.line(type, row) + column;
            for (int64_t c = 0; c < count; ++c) line[c] = *value++ + scorer_.bias_[type];
          }
        }
      });
    }

    /** With H the tanh: dW = G H, db = row sums of G, d(first_i + last_j) = (G^T W) o (1 - H o H). */
    void backward(int64_t top, const ScoreTile<T>& slopes, T weight) {
      const int64_t types = scorer_.types_, size = scorer_.size_;
      T* weight_gradient = scorer_.weight_parts_.template data_ptr<T>() + sequence_ * types * size;
      T* bias_gradient = scorer_.bias_parts_.template data_ptr<T>() + sequence_ * types;
      for_chunks(slopes, [&](const std::vector<Segment>& segments, int64_t cells) {
        hidden_of(top, segments);
        values_.resize(static_cast<size_t>(types * kCells));
        for (int64_t type = 0; type < types; ++type) {
          T* value = values_.data() + type * cells;
          T sum = 0;
          for (const auto& [row, column, count] : segments) {
            const T* line = slopes.line(type, row) + column;
            for (int64_t c = 0; c < count; ++c) sum += * value++ = weight * line[c];
          }
          bias_gradient[type] += sum;
        }
        gemm<T>(types, size, cells, T(1), {values_.data(), cells}, {hidden_.data(), size}, T(1),
                weight_gradient, size);
        slope_.resize(hidden_.size());
        gemm<T>(cells, size, types, T(1), {values_.data(), cells, true}, {scorer_.weight_, size}, T(0),
                slope_.data(), size);  // [cells, h]
        const T* hidden = hidden_.data();
        T* slope = slope_.data();
        for (const auto& [row, column, count] : segments) {
          T* first = scorer_.pair_gradient_ + pair_at(top + row, kFirst);
          for (int64_t c = 0; c < count; ++c, hidden += size, slope += size) {
            add_tanh_slope(hidden, slope, size, first,
                           scorer_.pair_gradient_ + pair_at(top + column + c, kLast));
          }
        }
      });
    }

   private:
    static constexpr int64_t kFirst = 0, kLast = 1;  // the middle axis of the pair
    static constexpr int64_t kCells = 256;           // at a time

    /** Cells of one row of the tile. */
    struct Segment {
      int64_t row, column, count;
    };

    /** Calls visit(segments, cells) for all cells of the tile that hold a score, up to kCells at a time. */
    template <typename Visit>
    void for_chunks(const ScoreTile<T>& tile, Visit visit) {
      std::vector<Segment> segments;
      int64_t cells = 0;
      for (int64_t row = 0; row < tile.rows; ++row) {
        for (int64_t column = row; column < tile.columns;) {
          const int64_t count = std::min(tile.columns - column, kCells - cells);
          segments.push_back({row, column, count});
          column += count;
          cells += count;
          if (cells < kCells) continue;
          visit(segments, cells);
          segments.clear();
          cells = 0;
        }
      }
      if (cells > 0) visit(segments, cells);
    }

    /** hidden_[cells, h] = tanh(first_i + last_j) */
    void hidden_of(int64_t top, const std::vector<Segment>& segments) {
      const int64_t size = scorer_.size_;
      hidden_.resize(static_cast<size_t>(kCells * size));
      T* out = hidden_.data();
      for (const auto& [row, column, count] : segments) {
        const T* first = scorer_.pair_ + pair_at(top + row, kFirst);
        for (int64_t c = 0; c < count; ++c, out += size)
          tanh_of_sum(first, scorer_.pair_ + pair_at(top + column + c, kLast), out, size);
      }
    }

    int64_t pair_at(int64_t token, int64_t which) const {
      return ((begin_ + token) * 2 + which) * scorer_.size_;
    }

    const AdditiveScorer& scorer_;
    int64_t sequence_;
    int64_t begin_;
    std::vector<T> hidden_, slope_, values_;
  };

  void finish() {
    if (pair_gradient_ == nullptr) return;
    at::NoGradGuard no_gradient;
    gradients_[1].add_(weight_parts_.sum(0));
    gradients_[2].add_(bias_parts_.sum(0));
  }

 private:
  const Sequences& sequences_;
  const T* pair_;    // [T, 2, h]
  const T* weight_;  // [types, h]
  const T* bias_;    // [types]
  T* pair_gradient_;
  FactorTensors gradients_;
  int64_t size_;
  int64_t types_;
  at::Tensor weight_parts_;  // [B, types, h]
  at::Tensor bias_parts_;    // [B, types]
};

}  // namespace gp
