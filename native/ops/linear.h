#pragma once

#include <ATen/core/Tensor.h>

#include "ops/activation.h"
#include "ops/panel_cache.h"
#include "ops/precision.h"

namespace gp {

/**
 * Linear layers over the same input, side by side: y = x [W_1; W_2; ...]^T + [b_1; b_2; ...].
 * @param x [T, in]
 * @param weights [out_n, in] each
 * @param biases [out_n] each
 * @param cache keeps what was prepared of the weights, in predictions; null while a model learns
 * @param learning what products are computed in while a model learns, forward and backward: kFloat, or
 * kBfloat16, which rounds both sides and sums in single precision
 * @return [T, sum of out_n]
 */
at::Tensor linear(const at::Tensor& x, at::TensorList weights, at::TensorList biases, PanelCache* cache,
                  Precision learning);
/** The same in plain ATen. */
at::Tensor linear_reference(const at::Tensor& x, at::TensorList weights, at::TensorList biases,
                            Precision learning);
/** The same without the biases, which are left to what comes next: where that can add them in a pass of its
 * own. */
bool leaves_bias(const at::Tensor& x);
at::Tensor linear_without_bias(const at::Tensor& x, const at::Tensor& weight);
/** The same by tile products; float, CPU. */
at::Tensor linear_cpu(const at::Tensor& x, at::TensorList weights, at::TensorList biases, PanelCache* cache,
                      Precision learning);

/** A linear layer to be followed by an activation, and one that follows it. */
struct FeedForwardWeights {
  at::Tensor inner_weight;  // [inner, in]
  at::Tensor inner_bias;    // [inner]
  at::Tensor outer_weight;  // [out, inner]
  at::Tensor outer_bias;    // [out]
};

/** What is kept of both between predictions. */
struct FeedForwardCache {
  PanelCache inner;
  PanelCache outer;

  void clear() {
    inner.clear();
    outer.clear();
  }
};

/**
 * activation(x W_1^T + b_1) W_2^T + b_2 (Vaswani et al. 2017, eq. 2).
 * @param x [T, in]
 * @param cache, learning as for `linear`
 * @return [T, out]
 */
at::Tensor feed_forward(const at::Tensor& x, const FeedForwardWeights& weights, Activation activation,
                        FeedForwardCache* cache, Precision learning);
/** The same without the outer bias, where `leaves_bias`. */
at::Tensor feed_forward_without_bias(const at::Tensor& x, const FeedForwardWeights& weights,
                                     Activation activation);
/** The same in plain ATen. */
at::Tensor feed_forward_reference(const at::Tensor& x, const FeedForwardWeights& weights,
                                  Activation activation, Precision learning);
/**
 * The same by tile products, bias and activation while a tile is in the cache; of the inner layer the values
 * before the activation are kept alone. Float, CPU.
 */
at::Tensor feed_forward_cpu(const at::Tensor& x, const FeedForwardWeights& weights, Activation activation,
                            FeedForwardCache* cache, Precision learning);
/** `feed_forward_without_bias` by LibTorch's products and a kernel between them, in x's type. CUDA, bfloat16
 * too. */
at::Tensor feed_forward_cuda(const at::Tensor& x, const FeedForwardWeights& weights, Activation activation);

}  // namespace gp
