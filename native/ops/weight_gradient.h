#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace gp {

/** The gradients of a weight [n, m] and of its bias [n], summed over parts of the rows: G^T X, and G's
 * columns. */
class WeightGradient {
 public:
  /** @param rows of all parts together */
  WeightGradient(int64_t rows, int64_t n, int64_t m);

  /** @param g [rows, n] gradient by the layer's output @param x [rows, m] its input; both with their rows end
   * to end */
  void add(int64_t rows, const float* g, const float* x);

  /** [n, m] */
  at::Tensor weight() const;
  /** [n] */
  const at::Tensor& bias() const { return bias_; }

 private:
  int64_t n_, m_;
  bool turn_g_;
  at::Tensor product_;  // [n, m], or [m, n] where X is the one that is turned
  at::Tensor bias_;
  bool begun_ = false;
};

}  // namespace gp
