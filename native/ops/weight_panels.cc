#include "ops/weight_panels.h"

#include <ATen/ATen.h>

#include <array>

#include "ops/bfloat16_rows.h"
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

const c10::BFloat16* TransposedWeights::panel(int64_t index, int64_t first, int64_t count,
                                              c10::BFloat16* memory) const {
  const int64_t left = index * kPanelColumns, right = std::min(columns_, left + kPanelColumns);
  for (const auto& [weight, begin, end] : parts_) {
    const int64_t column = std::max(begin, left), last = std::min(end, right);
    if (column >= last) continue;
    pair_columns(weight.const_data_ptr<float>() + (column - begin) * depth_ + first, depth_, last - column,
                 count, memory + (column - left) * kBfloat16Pair, kPanelColumns);
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

const c10::BFloat16* StackedWeights::panel(int64_t index, int64_t first, int64_t count,
                                           c10::BFloat16* memory) const {
  const int64_t column = index * kPanelColumns, width = std::min(kPanelColumns, columns_ - column);
  if (parts_.size() == 1) {
    pair_rows(parts_[0].weight.const_data_ptr<float>() + first * columns_ + column, columns_, count, width,
              memory, kPanelColumns);
    return memory;
  }
  // Pairs may stand across two weights.
  std::array<float, kBfloat16Pair * kPanelColumns> two;
  for (int64_t k = 0; k < count; k += kBfloat16Pair) {
    const int64_t rows = std::min(kBfloat16Pair, count - k);
    for (int64_t r = 0; r < rows; ++r)
      std::copy_n(row(first + k + r) + column, width, two.data() + r * kPanelColumns);
    pair_rows(two.data(), kPanelColumns, rows, width, memory + k * kPanelColumns, kPanelColumns);
  }
  return memory;
}

const float* StackedWeights::row(int64_t index) const {
  for (const auto& [weight, begin, end] : parts_) {
    if (index < end) return weight.const_data_ptr<float>() + (index - begin) * columns_;
  }
  return nullptr;
}

}  // namespace gp
