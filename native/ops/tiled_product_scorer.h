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
          padded_(filled_up(length_, kPanel) + kPanel),
          query_(static_cast<size_t>(padded_ * size_)),
          turned_key_(query_.size()) {
      for (int64_t t = 0; t < length_; ++t) {
        for (int64_t i = 0; i < size_; ++i)
          query_[at(t) + static_cast<size_t>(i)] = scorer_.scale_ * query(t)[i];
      }
    }

    void scores(int64_t top, const ScoreTile<float>& tile) {
      if (!turned_) turn_keys(top);
      const int64_t columns = line_length(tile.columns);
      for (int64_t column = 0; column < columns; column += kPanel) {
        tile_product(tile.rows, std::min(kPanel, columns - column), size_, query_.data() + at(top), size_,
                     turned_key_.data() + at(top - first_ + column), kPanel, false, tile.data + column,
                     tile.stride);
      }
    }

    /** dq_i = sum_j G_ij k_j and dk_j = sum_i G_ij q_i, times scale and weight. */
    void backward(int64_t top, const ScoreTile<float>& slopes, float weight) {
      const int64_t columns = line_length(slopes.columns), rows = line_length(slopes.rows);
      const bool begun = !key_.empty();
      if (!begun) begin_backward();
      for (int64_t r = 0; r < slopes.rows; ++r)
        std::fill(slopes.line(0, r) + slopes.columns, slopes.line(0, r) + columns, 0.0F);
      for (int64_t column = 0; column < columns; column += kDepth) {
        tile_product(slopes.rows, size_, std::min(kDepth, columns - column), slopes.data + column,
                     slopes.stride, key_.data() + at(top + column), size_, column > 0, block_.data(), size_);
      }
      store(block_.data(), slopes.rows, scorer_.scale_ * weight, scorer_.gradient_ + offset_ + top * row_);
      transpose(slopes.data, slopes.stride, slopes.rows, columns, turned_slopes_.data(), kTileRows, rows);
      for (int64_t column = 0; column < columns; column += kPanel) {
        tile_product(std::min(kPanel, columns - column), size_, rows,
                     turned_slopes_.data() + column * kTileRows, kTileRows, query_.data() + at(top), size_,
                     begun, key_gradient_.data() + at(top + column), size_);
      }
      if (slopes.columns > slopes.rows) return;  // more tiles come
      // The queries were scaled already.
      const int64_t count = top + slopes.rows - first_;
      store(key_gradient_.data() + at(first_), count, weight,
            scorer_.gradient_ + offset_ + first_ * row_ + size_);
    }

   private:
    static constexpr int64_t kPanel = 64;   // keys of a product
    static constexpr int64_t kDepth = 256;  // of the sums over keys, at most
    static_assert(kPanel == kTileRows);

    size_t at(int64_t token) const { return static_cast<size_t>(token * size_); }
    const float* query(int64_t token) const { return scorer_.query_key_ + offset_ + token * row_; }

    /** Panels [d, 64] of the keys from `first` on, where tiles begin: every 64 tokens. */
    void turn_keys(int64_t first) {
      turned_ = true;
      first_ = first;
      for (int64_t token = first; token < length_; token += kPanel) {
        transpose(query(token) + size_, row_, std::min(kPanel, length_ - token), size_,
                  turned_key_.data() + at(token - first), kPanel, kPanel);
      }
    }

    void begin_backward() {
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
    int64_t first_ = 0;  // token of the first tile
    bool turned_ = false;
    std::vector<float> query_;               // [padded, d], scaled
    std::vector<float> turned_key_;          // [padded / 64, d, 64], from token first_ on
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
