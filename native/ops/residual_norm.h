#pragma once

#include <ATen/core/Tensor.h>

#include "ops/random_mask.h"

namespace gp {

/** Scale and shift of a layer normalisation, and what is added to the variance. */
struct NormWeights {
  at::Tensor weight;  // [size]
  at::Tensor bias;    // [size]
  double eps;
};

/**
 * LayerNorm(dropout(x) + residual) (Ba et al. 2016, arXiv 1607.06450), which ends each half of an encoder
 * layer.
 * @param x, residual [T, size]
 * @param p probability that a value of x is dropped; 0 outside training
 * @return [T, size]
 */
at::Tensor residual_norm(const at::Tensor& x, const at::Tensor& residual, const NormWeights& norm, double p,
                         RandomStream& random);
/** The same of x + bias: x is a linear layer's output without its bias. @param bias [size] */
at::Tensor residual_norm(const at::Tensor& x, const at::Tensor& bias, const at::Tensor& residual,
                         const NormWeights& norm, double p, RandomStream& random);
/** The same in plain ATen. */
at::Tensor residual_norm_reference(const at::Tensor& x, const at::Tensor& residual, const NormWeights& norm,
                                   double p, const MaskKey& key);
/** The same in one pass over the rows; masks are drawn again in the backward pass. Float, CPU. */
at::Tensor residual_norm_cpu(const at::Tensor& x, const at::Tensor& residual, const NormWeights& norm,
                             double p, const MaskKey& key);
/** The same by kernels, in a pass each way; columns are summed in a fixed order. CUDA, bfloat16 too. @param
 * bias [size] or undefined */
at::Tensor residual_norm_cuda(const at::Tensor& x, const at::Tensor& bias, const at::Tensor& residual,
                              const NormWeights& norm, double p, const MaskKey& key);

}  // namespace gp
