#pragma once

#include <ATen/core/Tensor.h>
#include <c10/util/BFloat16.h>

#include <algorithm>
#include <cstdint>
#include <vector>

namespace gp {

/** Columns of a panel: as many as four AVX-512 registers hold. */
inline constexpr int64_t kPanelColumns = 64;

// Right sides of products, in panels of 64 columns that are copied out of weights while a product uses them:
// the copies live in the cache and are never written to memory. What a right side is, panel_product.h says.

/** B [in, sum of out] of y = x [W_1; W_2; ...]^T, for weights [out_n, in] side by side. */
class TransposedWeights {
 public:
  static constexpr bool kCopies = true;

  explicit TransposedWeights(at::TensorList weights);

  int64_t depth() const { return depth_; }
  int64_t columns() const { return columns_; }
  /** Rows first .. first + count of a panel, as [count, 64] in `memory`. */
  const float* panel(int64_t index, int64_t first, int64_t count, float* memory) const;
  /** The same rounded, as [count / 2 rounded up, 64, 2]. */
  const c10::BFloat16* panel(int64_t index, int64_t first, int64_t count, c10::BFloat16* memory) const;

 private:
  struct Part {
    at::Tensor weight;
    int64_t begin, end;  // its columns of B
  };

  std::vector<Part> parts_;
  int64_t depth_;
  int64_t columns_ = 0;
};

/** B [sum of out, in] of dx = dy [W_1; W_2; ...], for the same weights below each other. */
class StackedWeights {
 public:
  static constexpr bool kCopies = true;

  explicit StackedWeights(at::TensorList weights);

  int64_t depth() const { return depth_; }
  int64_t columns() const { return columns_; }
  const float* panel(int64_t index, int64_t first, int64_t count, float* memory) const;
  const c10::BFloat16* panel(int64_t index, int64_t first, int64_t count, c10::BFloat16* memory) const;

 private:
  struct Part {
    at::Tensor weight;
    int64_t begin, end;  // its rows of B
  };

  const float* row(int64_t index) const;

  std::vector<Part> parts_;
  int64_t depth_ = 0;
  int64_t columns_;
};

}  // namespace gp
