#pragma once

#include <ATen/core/Tensor.h>

#include <algorithm>
#include <cstdint>

namespace gp {

/** Columns of a panel: as many as four AVX-512 registers hold. */
inline constexpr int64_t kPanelColumns = 64;

/**
 * The right side B [depth, columns] of a product, cut into panels of 64 columns that lie together in memory:
 * [panels, depth, 64]. What the last panel has too much is never read.
 */
class PanelMatrix {
 public:
  PanelMatrix() = default;
  PanelMatrix(int64_t depth, int64_t columns);

  /** Columns from `first` on become the rows of `matrix` [n, depth]: B = matrix^T. */
  void set_transposed(int64_t first, const at::Tensor& matrix);
  /** Rows from `first` on become those of `matrix` [n, columns]. */
  void set_rows(int64_t first, const at::Tensor& matrix);

  int64_t depth() const { return depth_; }
  int64_t columns() const { return columns_; }
  int64_t panels() const { return (columns_ + kPanelColumns - 1) / kPanelColumns; }
  int64_t width(int64_t panel) const { return std::min(kPanelColumns, columns_ - panel * kPanelColumns); }
  /** [depth, 64] */
  const float* panel(int64_t index) const { return data_ + index * depth_ * kPanelColumns; }

 private:
  int64_t depth_ = 0;
  int64_t columns_ = 0;
  at::Tensor memory_;
  float* data_ = nullptr;
};

/** B of y = x W^T for one or several weights [out, in] side by side. */
PanelMatrix panels_of_transposed(at::TensorList weights);
/** B of dx = dy W for the same: the weights below each other. */
PanelMatrix panels_of(at::TensorList weights);

}  // namespace gp
