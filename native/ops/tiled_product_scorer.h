#pragma once

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "ops/score_tile.h"
#include "ops/span_factors.h"
#include "ops/tile_product.h"
#include "ops/transpose.h"

namespace gp {

/**
 * GlobalPointer's products by the processor's micro-kernels: ProductScorer's fast twin. What a scorer is,
 * span_scorers.h says. Float, where there are tile products.
 */
class TiledProductScorer {
 public:
  static constexpr bool kByType = true;

  TiledProductScorer(const FactorTensors& factors, const FactorTensors& gradients, const Sequences& sequences)
      : sequences_(sequences),
        query_key_(factors[0].const_data_ptr<float>()),
        gradient_(gradients[0].defined() ? gradients[0].data_ptr<float>() : nullptr),
        size_(factors[0].size(3)),
        row_(factors[0].size(1) * 2 * size_),
        scale_(static_cast<float>(1.0 / std::sqrt(static_cast<double>(size_)))) {}

  class Task {
   public:
    Task(const TiledProductScorer& scorer, int64_t sequence, int64_t first_type)
        : scorer_(scorer),
          size_(scorer.size_),
          row_(scorer.row_),
          offset_(scorer.sequences_.begin(sequence) * row_ + first_type * 2 * size_),
          length_(scorer.sequences_.length(sequence)),
          // Lines of a tile are filled up, and may reach behind the last token.
          padded_(line_length(length_) + kLineStep),
          query_(static_cast<size_t>(padded_ * size_)),
          turned_key_(query_.size()) {
      for (int64_t t = 0; t < length_; ++t) {
        for (int64_t i = 0; i < size_; ++i)
          query_[at(t) + static_cast<size_t>(i)] = scorer_.scale_ * query(t)[i];
      }
      transpose(query(0) + size_, row_, length_, size_, turned_key_.data(), padded_, padded_);
    }

    void scores(int64_t top, const ScoreTile<float>& tile) const {
      tile_product(tile.rows, line_length(tile.columns), size_, query_.data() + at(top), size_,
                   turned_key_.data() + top, padded_, false, tile.data, tile.stride);
    }

    /** dq_i = sum_j G_ij k_j and dk_j = sum_i G_ij q_i, times scale and weight. */
    void backward(int64_t top, const ScoreTile<float>& slopes, float weight) {
      const int64_t columns = line_length(slopes.columns), rows = line_length(slopes.rows);
      const bool begun = !key_.empty();
      if (!begun) begin_backward(top);
      for (int64_t r = 0; r < slopes.rows; ++r)
        std::fill(slopes.line(0, r) + slopes.columns, slopes.line(0, r) + columns, 0.0F);
      tile_product(slopes.rows, size_, columns, slopes.data, slopes.stride, key_.data() + at(top), size_,
                   false, block_.data(), size_);
      store(block_.data(), slopes.rows, scorer_.scale_ * weight, scorer_.gradient_ + offset_ + top * row_);
      transpose(slopes.data, slopes.stride, slopes.rows, columns, turned_slopes_.data(), kTileRows, rows);
      tile_product(columns, size_, rows, turned_slopes_.data(), kTileRows, query_.data() + at(top), size_,
                   begun, key_gradient_.data() + at(top), size_);
      if (slopes.columns > slopes.rows) return;  // more tiles come
      // The queries were scaled already.
      const int64_t count = top + slopes.rows - first_;
      store(key_gradient_.data() + at(first_), count, weight,
            scorer_.gradient_ + offset_ + first_ * row_ + size_);
    }

   private:
    size_t at(int64_t token) const { return static_cast<size_t>(token * size_); }
    const float* query(int64_t token) const { return scorer_.query_key_ + offset_ + token * row_; }

    void begin_backward(int64_t top) {
      first_ = top;
      key_.resize(query_.size());
      for (int64_t t = 0; t < length_; ++t) std::copy_n(query(t) + size_, size_, key_.data() + at(t));
      key_gradient_.resize(query_.size());
      block_.resize(static_cast<size_t>(kTileRows * size_));
      turned_slopes_.resize(static_cast<size_t>(padded_ * kTileRows));
    }

    /** to[token] = factor * rows[token] */
    void store(const float* rows, int64_t count, float factor, float* to) const {
      for (int64_t r = 0; r < count; ++r) {
        for (int64_t i = 0; i < size_; ++i) to[r * row_ + i] = factor * rows[r * size_ + i];
      }
    }

    const TiledProductScorer& scorer_;
    int64_t size_, row_;
    int64_t offset_;  // of the query of token 0; its key is `size_` further, the next token `row_` further
    int64_t length_, padded_;
    int64_t first_ = 0;                      // token of the first tile
    std::vector<float> query_;               // [padded, d], scaled
    std::vector<float> turned_key_;          // [d, padded]
    std::vector<float> key_, key_gradient_;  // [padded, d]
    std::vector<float> block_;               // [64, d]
    std::vector<float> turned_slopes_;       // [padded, 64]
  };

  void finish() {}

 private:
  const Sequences& sequences_;
  const float* query_key_;  // [T, types, 2, d]
  float* gradient_;
  int64_t size_;
  int64_t row_;
  float scale_;
};

}  // namespace gp
