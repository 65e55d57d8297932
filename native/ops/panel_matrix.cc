#include "ops/panel_matrix.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>

namespace gp {
namespace {

// A block of this many rows of the panel fits into the first-level cache while it is turned.
constexpr int64_t kDepthBlock = 16;

}  // namespace

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
      for (int64_t top = 0; top < depth_; top += kDepthBlock) {
        const int64_t bottom = std::min(depth_, top + kDepthBlock);
        for (int64_t column = from_column; column < to_column; ++column) {
          const float* row = from + (column - first) * depth_;
          for (int64_t k = top; k < bottom; ++k) to[k * kPanelColumns + column % kPanelColumns] = row[k];
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
