#pragma once

#include <ATen/ATen.h>

#include <cmath>
#include <variant>
#include <vector>

#include "ops/gemm.h"
#include "ops/score_tile.h"
#include "ops/span_factors.h"

// Scores in tiles, one class a kind of factors. Each has
//   kByType             whether a task has one type or all
//   Task(scorer, sequence, first type)  with
//     scores(top, tile)          writes the scores of the tile whose first row is token `top`
//     backward(top, slopes, w)   adds w * (d loss / d factors), given slopes = d loss / d scores, zeros
//                                below the diagonal; may use the slopes as scratch. Tiles of a task come in
//                                order, each once.
//   finish()            after all tasks: what could not be written by one task alone
// Gradients are written where `gradients` are defined; tasks touch parts of their own, so that results do not
// depend on the number of threads.

namespace gp {

/** GlobalPointer's products, ProductFactors. */
template <typename T>
class ProductScorer {
 public:
  static constexpr bool kByType = true;

  ProductScorer(const FactorTensors& factors, const FactorTensors& gradients, const Sequences& sequences)
      : sequences_(sequences),
        query_key_(factors[0].const_data_ptr<T>()),
        gradient_(gradients[0].defined() ? gradients[0].template data_ptr<T>() : nullptr),
        size_(factors[0].size(3)),
        row_(factors[0].size(1) * 2 * size_),
        scale_(static_cast<T>(1.0 / std::sqrt(static_cast<double>(size_)))) {}

  class Task {
   public:
    Task(const ProductScorer& scorer, int64_t sequence, int64_t first_type)
        : scorer_(scorer),
          // The query of token 0; its key is `size_` further, the next token `row_` further.
          offset_(scorer.sequences_.begin(sequence) * scorer.row_ + first_type * 2 * scorer.size_) {}

    void scores(int64_t top, const ScoreTile<T>& tile) const {
      const auto& [row, size] = std::pair(scorer_.row_, scorer_.size_);
      const T* query = scorer_.query_key_ + offset_ + top * row;
      gemm<T>(tile.rows, tile.columns, size, scorer_.scale_, {query, row}, {query + size, row, true}, T(0),
              tile.data, tile.stride);
    }

    /** dq_i = sum_j G_ij k_j and dk_j = sum_i G_ij q_i, times scale and weight. */
    void backward(int64_t top, const ScoreTile<T>& slopes, T weight) const {
      const auto& [row, size] = std::pair(scorer_.row_, scorer_.size_);
      const int64_t at = offset_ + top * row;
      const T* query = scorer_.query_key_ + at;
      T* gradient = scorer_.gradient_ + at;
      const T factor = scorer_.scale_ * weight;
      gemm<T>(slopes.rows, size, slopes.columns, factor, {slopes.data, slopes.stride}, {query + size, row},
              T(1), gradient, row);
      gemm<T>(slopes.columns, size, slopes.rows, factor, {slopes.data, slopes.stride, true}, {query, row},
              T(1), gradient + size, row);
    }

   private:
    const ProductScorer& scorer_;
    int64_t offset_;
  };

  void finish() {}

 private:
  const Sequences& sequences_;
  const T* query_key_;  // [T, types, 2, d]
  T* gradient_;
  int64_t size_;
  int64_t row_;
  T scale_;
};

/** Efficient GlobalPointer's one product and biases, BiasedFactors. */
template <typename T>
class BiasedScorer {
 public:
  static constexpr bool kByType = false;

  BiasedScorer(const FactorTensors& factors, const FactorTensors& gradients, const Sequences& sequences)
      : sequences_(sequences),
        query_key_(factors[0].const_data_ptr<T>()),
        bias_(factors[1].const_data_ptr<T>()),
        query_key_gradient_(gradients[0].defined() ? gradients[0].template data_ptr<T>() : nullptr),
        bias_gradient_(gradients[1].defined() ? gradients[1].template data_ptr<T>() : nullptr),
        size_(factors[0].size(2)),
        types_(factors[1].size(1)),
        scale_(static_cast<T>(1.0 / std::sqrt(static_cast<double>(size_)))) {}

  class Task {
   public:
    Task(const BiasedScorer& scorer, int64_t sequence, int64_t)
        : scorer_(scorer), begin_(scorer.sequences_.begin(sequence)) {
      // [types, L] the biases of last tokens, each type's in a row
      const int64_t length = scorer.sequences_.length(sequence);
      length_ = length;
      last_bias_.resize(static_cast<size_t>(scorer.types_ * length));
      for (int64_t type = 0; type < scorer.types_; ++type) {
        for (int64_t t = 0; t < length; ++t)
          last_bias_[static_cast<size_t>(type * length + t)] = scorer.bias_[bias_at(t, type, kLast)];
      }
    }

    void scores(int64_t top, const ScoreTile<T>& tile) {
      const int64_t row = 2 * scorer_.size_;
      const T* query = scorer_.query_key_ + (begin_ + top) * row;
      product_.resize(static_cast<size_t>(tile.rows * tile.columns));
      gemm<T>(tile.rows, tile.columns, scorer_.size_, scorer_.scale_, {query, row},
              {query + scorer_.size_, row, true}, T(0), product_.data(), tile.columns);
      for (int64_t type = 0; type < scorer_.types_; ++type) {
        const T* last = last_bias_.data() + type * length_ + top;
        for (int64_t r = 0; r < tile.rows; ++r) {
          const T first = scorer_.bias_[bias_at(top + r, type, kFirst)];
          const T* product = product_.data() + r * tile.columns;
          T* line = tile.line(type, r);
          for (int64_t c = r; c < tile.columns; ++c) line[c] = product[c] + first + last[c];
        }
      }
    }

    /** The product's slope is the sum of those of all types, a bias's that of its row or column. */
    void backward(int64_t top, const ScoreTile<T>& slopes, T weight) {
      std::vector<T> columns(static_cast<size_t>(slopes.columns));
      for (int64_t type = 0; type < scorer_.types_; ++type) {
        std::fill(columns.begin(), columns.end(), T(0));
        for (int64_t r = 0; r < slopes.rows; ++r) {
          const T* line = slopes.line(type, r);
          T sum = 0;
          for (int64_t c = r; c < slopes.columns; ++c) {
            sum += line[c];
            columns[static_cast<size_t>(c)] += line[c];
          }
          scorer_.bias_gradient_[bias_at(top + r, type, kFirst)] += weight * sum;
          if (type == 0) continue;
          T* total = slopes.line(0, r);
          for (int64_t c = r; c < slopes.columns; ++c) total[c] += line[c];
        }
        for (int64_t c = 0; c < slopes.columns; ++c)
          scorer_.bias_gradient_[bias_at(top + c, type, kLast)] += weight * columns[static_cast<size_t>(c)];
      }
      const int64_t row = 2 * scorer_.size_, at = (begin_ + top) * row;
      const T* query = scorer_.query_key_ + at;
      T* gradient = scorer_.query_key_gradient_ + at;
      const T factor = scorer_.scale_ * weight;
      gemm<T>(slopes.rows, scorer_.size_, slopes.columns, factor, {slopes.data, slopes.stride},
              {query + scorer_.size_, row}, T(1), gradient, row);
      gemm<T>(slopes.columns, scorer_.size_, slopes.rows, factor, {slopes.data, slopes.stride, true},
              {query, row}, T(1), gradient + scorer_.size_, row);
    }

   private:
    static constexpr int64_t kLast = 0, kFirst = 1;  // the last axis of the bias

    int64_t bias_at(int64_t token, int64_t type, int64_t which) const {
      return ((begin_ + token) * scorer_.types_ + type) * 2 + which;
    }

    const BiasedScorer& scorer_;
    int64_t begin_;
    int64_t length_ = 0;
    std::vector<T> last_bias_;
    std::vector<T> product_;
  };

  void finish() {}

 private:
  const Sequences& sequences_;
  const T* query_key_;  // [T, 2, d]
  const T* bias_;       // [T, types, 2]
  T* query_key_gradient_;
  T* bias_gradient_;
  int64_t size_;
  int64_t types_;
  T scale_;
};

}  // namespace gp
