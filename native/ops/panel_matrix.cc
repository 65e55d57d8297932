#include "ops/panel_matrix.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>

#include "ops/transpose.h"

namespace gp {
PanelMatrix::PanelMatrix(int64_t depth, int64_t columns)
    : depth_(depth),
      columns_(columns),
      memory_(at::empty({panels(), depth, kPanelColumns}, at::kFloat)),
      data_(memory_.data_ptr<float>()) {}

void PanelMatrix::set_transposed(int64_t first, const at::Tensor& matrix) {
  const at::Tensor rows = matrix.contiguous();
  const float* from = rows.const_data_ptr<float>();
  const int64_t last = first + rows.size(0);
  const int64_t first_panel = first / kPanelColumns, end_panel = (last + kPanelColumns - 1) / kPanelColumns;
  at::parallel_for(first_panel, end_panel, 1, [&](int64_t begin, int64_t end) {
    for (int64_t p = begin; p < end; ++p) {
      float* to = data_ + p * depth_ * kPanelColumns;
      const int64_t from_column = std::max(first, p * kPanelColumns);
      const int64_t to_column = std::min(last, (p + 1) * kPanelColumns);
      for (int64_t top = 0; top < depth_; top += kTransposeBlock) {
        for (int64_t column = from_column; column < to_column; column += kTransposeBlock) {
          transpose_block(from + (column - first) * depth_ + top, depth_,
                          std::min(kTransposeBlock, to_column - column),
                          std::min(kTransposeBlock, depth_ - top),
                          to + top * kPanelColumns + column % kPanelColumns, kPanelColumns);
        }
      }
    }
  });
}

void PanelMatrix::set_rows(int64_t first, const at::Tensor& matrix) {
  const at::Tensor rows = matrix.contiguous();
  const float* from = rows.const_data_ptr<float>();
  const int64_t count = rows.size(0);
  at::parallel_for(0, panels(), 1, [&](int64_t begin, int64_t end) {
    for (int64_t p = begin; p < end; ++p) {
      float* to = data_ + (p * depth_ + first) * kPanelColumns;
      for (int64_t k = 0; k < count; ++k)
        std::copy_n(from + k * columns_ + p * kPanelColumns, width(p), to + k * kPanelColumns);
    }
  });
}

PanelMatrix panels_of_transposed(at::TensorList weights) {
  int64_t columns = 0;
  for (const auto& weight : weights) columns += weight.size(0);
  PanelMatrix panels(weights[0].size(1), columns);
  int64_t first = 0;
  for (const auto& weight : weights) {
    panels.set_transposed(first, weight);
    first += weight.size(0);
  }
  return panels;
}

PanelMatrix panels_of(at::TensorList weights) {
  int64_t depth = 0;
  for (const auto& weight : weights) depth += weight.size(0);
  PanelMatrix panels(depth, weights[0].size(1));
  int64_t first = 0;
  for (const auto& weight : weights) {
    panels.set_rows(first, weight);
    first += weight.size(0);
  }
  return panels;
}

}  // namespace gp
