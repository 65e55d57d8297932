#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "ops/weight_panels.h"

namespace gp {

/**
 * The right side B [depth, columns] of products that are computed again and again: panels of 64 columns that
 * lie together in memory, [panels, depth, 64]. What the last panel has too much is never read.
 */
class PanelMatrix {
 public:
  static constexpr bool kCopies = false;

  PanelMatrix() = default;
  explicit PanelMatrix(const TransposedWeights& weights);

  int64_t depth() const { return depth_; }
  int64_t columns() const { return columns_; }
  /** [count, 64]; needs no memory for it */
  const float* panel(int64_t index, int64_t first, int64_t /*count*/, float* /*memory*/) const {
    return data_ + (index * depth_ + first) * kPanelColumns;
  }

 private:
  int64_t depth_ = 0;
  int64_t columns_ = 0;
  at::Tensor memory_;
  float* data_ = nullptr;
};

}  // namespace gp
