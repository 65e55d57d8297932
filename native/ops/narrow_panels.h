#pragma once

#include <ATen/core/Tensor.h>
#include <c10/util/BFloat16.h>

#include <algorithm>
#include <cstdint>

#include "ops/panel_matrix.h"

namespace gp {

at::Tensor zero_bytes(int64_t count);

/**
 * The right side B [depth, columns] of a product of narrow numbers, in panels of 64 columns as dot-product
 * instructions want them: [panels, depth / group, 64, group], the depth filled up with zeros to a multiple of
 * the group, the last panel with zero columns.
 */
template <typename Element>
class NarrowPanels {
 public:
  /** Numbers that an instruction multiplies and sums at once. */
  static constexpr int64_t kGroup = 4 / sizeof(Element);

  NarrowPanels() = default;
  NarrowPanels(int64_t depth, int64_t columns)
      : depth_((depth + kGroup - 1) / kGroup * kGroup),
        columns_(columns),
        memory_(zero_bytes(panels() * depth_ * kPanelColumns * static_cast<int64_t>(sizeof(Element)))),
        data_(static_cast<Element*>(memory_.data_ptr())) {}

  void set(int64_t depth, int64_t column, Element value) {
    Element* const to = data_ + column / kPanelColumns * depth_ * kPanelColumns;
    to[(depth / kGroup * kPanelColumns + column % kPanelColumns) * kGroup + depth % kGroup] = value;
  }

  /** Filled up to a multiple of the group: so are the rows of the left side. */
  int64_t depth() const { return depth_; }
  int64_t columns() const { return columns_; }
  int64_t panels() const { return (columns_ + kPanelColumns - 1) / kPanelColumns; }
  int64_t width(int64_t panel) const { return std::min(kPanelColumns, columns_ - panel * kPanelColumns); }
  const Element* panel(int64_t index) const { return data_ + index * depth_ * kPanelColumns; }

 private:
  int64_t depth_ = 0;
  int64_t columns_ = 0;
  at::Tensor memory_;
  Element* data_ = nullptr;
};

/** Weights [out_n, in] side by side, as 8-bit integers with a scale for each output. */
struct Int8Weights {
  NarrowPanels<int8_t> panels;
  at::Tensor scales;  // [out] of the integers
  at::Tensor sums;    // [out] the sum of an output's scaled integers: what a constant added to the input adds
};
Int8Weights int8_weights(at::TensorList weights);

/** Weights [out_n, in] side by side, rounded. */
NarrowPanels<c10::BFloat16> bfloat16_weights(at::TensorList weights);

}  // namespace gp
