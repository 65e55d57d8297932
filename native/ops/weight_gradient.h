#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "ops/precision.h"

namespace gp {

/**
 * The gradients of a weight [n, m] and of its bias [n], summed over parts of the rows: G^T X, and the sums of
 * G's columns, in single precision or of both rounded to bfloat16 (the bias in single precision always). G is
 * turned a piece at a time, in the cache.
 */
class WeightGradient {
 public:
  WeightGradient(int64_t n, int64_t m, Precision precision);

  /**
   * @param g [rows, n] gradient by the layer's output
   * @param x [rows, m] its input; both with their rows end to end
   */
  void add(int64_t rows, const float* g, const float* x);

  /** [n, m] */
  const at::Tensor& weight() const { return weight_; }
  /** [n] */
  const at::Tensor& bias() const { return bias_; }

 private:
  int64_t n_, m_;
  Precision precision_;
  at::Tensor weight_;
  at::Tensor bias_;
  bool begun_ = false;
};

}  // namespace gp
