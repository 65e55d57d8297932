#include "ops/weight_panels.h"

#include <ATen/ATen.h>

#include "ops/transpose.h"

namespace gp {

TransposedWeights::TransposedWeights(at::TensorList weights) : depth_(weights[0].size(1)) {
  for (const auto& weight : weights) {
    parts_.push_back({weight.contiguous(), columns_, columns_ + weight.size(0)});
    columns_ += weight.size(0);
  }
}

const float* TransposedWeights::panel(int64_t index, int64_t first, int64_t count, float* memory) const {
  const int64_t left = index * kPanelColumns, right = std::min(columns_, left + kPanelColumns);
  for (const auto& [weight, begin, end] : parts_) {
    const float* const rows = weight.const_data_ptr<float>();
    const int64_t last = std::min(end, right);
    for (int64_t column = std::max(begin, left); column < last; column += kTransposeBlock) {
      const int64_t width = std::min(kTransposeBlock, last - column);
      for (int64_t k = 0; k < count; k += kTransposeBlock) {
        transpose_block(rows + (column - begin) * depth_ + first + k, depth_, width,
                        std::min(kTransposeBlock, count - k), memory + k * kPanelColumns + column - left,
                        kPanelColumns);
      }
    }
  }
  return memory;
}

StackedWeights::StackedWeights(at::TensorList weights) : columns_(weights[0].size(1)) {
  for (const auto& weight : weights) {
    parts_.push_back({weight.contiguous(), depth_, depth_ + weight.size(0)});
    depth_ += weight.size(0);
  }
}

const float* StackedWeights::panel(int64_t index, int64_t first, int64_t count, float* memory) const {
  const int64_t column = index * kPanelColumns, width = std::min(kPanelColumns, columns_ - column);
  for (const auto& [weight, begin, end] : parts_) {
    const float* const rows = weight.const_data_ptr<float>();
    for (int64_t k = std::max(begin, first); k < std::min(end, first + count); ++k)
      std::copy_n(rows + (k - begin) * columns_ + column, width, memory + (k - first) * kPanelColumns);
  }
  return memory;
}

}  // namespace gp
