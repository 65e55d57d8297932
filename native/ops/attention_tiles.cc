#include "ops/attention_tiles.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "ops/rounding.h"
#include "ops/simd.h"
#include "ops/task_queue.h"
#include "ops/tile_product.h"
#include "ops/transpose.h"

namespace gp {
namespace {

constexpr int64_t kQueries = 64;  // of a block
// Lengths are filled up to a multiple of this with zeros, so that there are few different products.
constexpr int64_t kStep = 16;

int64_t filled(int64_t length) { return filled_up(length, kStep); }

/** The work on one sequence and head after the other, and the memory for it. */
class HeadWorker {
 public:
  HeadWorker(const AttentionShape& shape, bool backward) : shape_(shape), size_(shape.size) {
    const auto longest = static_cast<size_t>(filled(shape.sequences.longest()));
    const auto size = static_cast<size_t>(size_);
    for (auto* matrix : {&query_, &key_, &value_}) matrix->resize(longest * size);
    for (auto* block : {&weights_, &mask_}) block->resize(kQueries * longest);
    block_.resize(kQueries * size);
    if (!backward) return;
    for (auto* matrix : {&key_rows_, &key_gradient_, &value_gradient_}) matrix->resize(longest * size);
    for (auto* block : {&slopes_, &turned_}) block->resize(kQueries * longest);
    gradient_.resize(kQueries * size);
  }

  void forward(int64_t task, const float* qkv, float* out) {
    begin(task, qkv);
    copy_rows(part(qkv, 2), row_of_three(), length_, 1.0F, value_.data());  // [filled, d]
    for (int64_t first = 0; first < length_; first += kQueries) {
      const int64_t rows = weights_of(first);
      if (shape_.p > 0) {
        fill_mask_from(shape_.key, static_cast<uint32_t>(task), shape_.p, first * length_, rows * length_,
                       mask_.data());
        for (int64_t r = 0; r < rows; ++r)
          multiply_in_place(mask_.data() + r * length_, length_, weights_.data() + r * filled_);
      }
      tile_product(filled(rows), size_, filled_, weights_.data(), filled_, value_.data(), size_, false,
                   block_.data(), size_);
      float* const to = out + offset(first);
      for (int64_t r = 0; r < rows; ++r) std::copy_n(block_.data() + r * size_, size_, to + r * row());
    }
  }

  /**
   * With W the softmax weights, M the mask and D = W o M: dv = D^T dout; dW = (dout v^T) o M;
   * dS = W o (dW - rowsum(W o dW)); dq = dS k / sqrt(d); dk = dS^T q / sqrt(d).
   */
  void backward(int64_t task, const float* qkv, const float* gradient, float* dqkv) {
    begin(task, qkv);
    copy_rows(part(qkv, 1), row_of_three(), length_, 1.0F, key_rows_.data());                  // [filled, d]
    transpose(part(qkv, 2), row_of_three(), length_, size_, value_.data(), filled_, filled_);  // [d, filled]
    for (int64_t first = 0; first < length_; first += kQueries) {
      const int64_t rows = weights_of(first), height = filled(rows);
      copy_rows(gradient + offset(first), row(), rows, 1.0F, gradient_.data());  // [height, d]
      tile_product(height, filled_, size_, gradient_.data(), size_, value_.data(), filled_, false,
                   slopes_.data(), filled_);
      const float* dropped = weights_.data();
      if (shape_.p > 0) dropped = apply_mask(task, first, rows);
      // dv += D^T dout
      transpose(dropped, filled_, rows, filled_, turned_.data(), kQueries, height);
      tile_product(filled_, size_, height, turned_.data(), kQueries, gradient_.data(), size_, first > 0,
                   value_gradient_.data(), size_);
      for (int64_t r = 0; r < rows; ++r) {
        softmax_slope_in_place(weights_.data() + r * filled_, length_, slopes_.data() + r * filled_);
        std::fill(slopes_.data() + r * filled_ + length_, slopes_.data() + (r + 1) * filled_, 0.0F);
      }
      std::fill(slopes_.data() + rows * filled_, slopes_.data() + height * filled_, 0.0F);
      tile_product(height, size_, filled_, slopes_.data(), filled_, key_rows_.data(), size_, false,
                   block_.data(), size_);
      float* const dq = dqkv + offset_of_three(0) + first * row_of_three();
      for (int64_t r = 0; r < rows; ++r) {
        for (int64_t i = 0; i < size_; ++i)
          dq[r * row_of_three() + i] = scale_ * block_[static_cast<size_t>(r * size_ + i)];
      }
      // dk += dS^T q, the queries being scaled already
      transpose(slopes_.data(), filled_, rows, filled_, turned_.data(), kQueries, height);
      tile_product(filled_, size_, height, turned_.data(), kQueries, query_.data() + first * size_, size_,
                   first > 0, key_gradient_.data(), size_);
    }
    for (int64_t t = 0; t < length_; ++t) {
      std::copy_n(key_gradient_.data() + t * size_, size_, dqkv + offset_of_three(1) + t * row_of_three());
      std::copy_n(value_gradient_.data() + t * size_, size_, dqkv + offset_of_three(2) + t * row_of_three());
    }
  }

 private:
  int64_t row() const { return shape_.heads * size_; }
  int64_t row_of_three() const { return 3 * row(); }
  int64_t offset(int64_t token) const { return (begin_ + token) * row() + head_ * size_; }
  int64_t offset_of_three(int64_t which) const { return (begin_ * 3 + which) * row() + head_ * size_; }
  const float* part(const float* qkv, int64_t which) const { return qkv + offset_of_three(which); }

  /** Queries as they are, scaled, and keys turned. */
  void begin(int64_t task, const float* qkv) {
    const int64_t sequence = task / shape_.heads;
    head_ = task % shape_.heads;
    begin_ = shape_.sequences.begin(sequence);
    length_ = shape_.sequences.length(sequence);
    filled_ = filled(length_);
    scale_ = static_cast<float>(1.0 / std::sqrt(static_cast<double>(size_)));
    copy_rows(part(qkv, 0), row_of_three(), length_, scale_, query_.data());                 // [filled, d]
    transpose(part(qkv, 1), row_of_three(), length_, size_, key_.data(), filled_, filled_);  // [d, filled]
  }

  /** to [filled rows, d], zeros behind the last row. */
  void copy_rows(const float* from, int64_t stride, int64_t rows, float scale, float* to) const {
    for (int64_t r = 0; r < rows; ++r) {
      for (int64_t i = 0; i < size_; ++i) to[r * size_ + i] = scale * from[r * stride + i];
    }
    std::fill(to + rows * size_, to + filled(rows) * size_, 0.0F);
  }

  /** weights [rows, filled length] = softmax of the block's scores; zeros behind rows and columns. @return
   * rows */
  int64_t weights_of(int64_t first) {
    const int64_t rows = std::min(kQueries, length_ - first), height = filled(rows);
    tile_product(height, filled_, size_, query_.data() + first * size_, size_, key_.data(), filled_, false,
                 weights_.data(), filled_);
    for (int64_t r = 0; r < rows; ++r) {
      float* const line = weights_.data() + r * filled_;
      const float sum = exp_in_place(line, length_, max_value(line, length_));
      scale_in_place(line, length_, 1.0F / sum);
      std::fill(line + length_, line + filled_, 0.0F);
    }
    std::fill(weights_.data() + rows * filled_, weights_.data() + height * filled_, 0.0F);
    return rows;
  }

  /** Masks the slopes, and returns the masked weights. */
  const float* apply_mask(int64_t task, int64_t first, int64_t rows) {
    fill_mask_from(shape_.key, static_cast<uint32_t>(task), shape_.p, first * length_, rows * length_,
                   mask_.data());
    dropped_.resize(weights_.size());
    for (int64_t r = 0; r < rows; ++r) {
      const float* mask = mask_.data() + r * length_;
      float* const line = dropped_.data() + r * filled_;
      multiply_in_place(mask, length_, slopes_.data() + r * filled_);
      std::copy_n(weights_.data() + r * filled_, filled_, line);
      multiply_in_place(mask, length_, line);
    }
    return dropped_.data();
  }

  const AttentionShape& shape_;
  int64_t size_;
  int64_t head_ = 0, begin_ = 0, length_ = 0, filled_ = 0;
  float scale_ = 1;
  std::vector<float> query_, key_, value_;                         // of a sequence
  std::vector<float> key_rows_, key_gradient_, value_gradient_;    // [filled, d]
  std::vector<float> weights_, mask_, slopes_, dropped_, turned_;  // of a block
  std::vector<float> block_, gradient_;                            // [kQueries, d]
};

/** Calls visit(worker, task) for every (sequence, head). */
template <typename Visit>
void for_heads(const AttentionShape& shape, bool backward, const Visit& visit) {
  for_tasks(shape.sequences.count() * shape.heads, [&] {
    return [&, worker = HeadWorker(shape, backward)](int64_t task) mutable { visit(worker, task); };
  });
}

}  // namespace

void attention_tiles_forward(const AttentionShape& shape, const float* qkv, float* out) {
  for_heads(shape, false, [&](HeadWorker& worker, int64_t task) { worker.forward(task, qkv, out); });
}

void attention_tiles_backward(const AttentionShape& shape, const float* qkv, const float* gradient,
                              float* dqkv) {
  for_heads(shape, true,
            [&](HeadWorker& worker, int64_t task) { worker.backward(task, qkv, gradient, dqkv); });
}

}  // namespace gp
