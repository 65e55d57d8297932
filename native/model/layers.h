#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <string>

#include "model/forward_mode.h"
#include "model/parameters.h"
#include "ops/linear.h"
#include "ops/narrow_linear.h"
#include "ops/residual_norm.h"

namespace gp {

/** y = x W^T + b */
struct Linear {
  at::Tensor weight;  // [out, in]
  at::Tensor bias;    // [out]
  /** For predictions, in which the weight stays as it is. */
  mutable PanelCache panels;
  /** Takes the weight's place in a model for predictions in a narrower precision. */
  std::optional<NarrowLinear> narrow;

  /** Weights from a normal distribution and no bias, as BERT initialises its layers. */
  static Linear normal(Parameters& parameters, const std::string& name, int64_t in, int64_t out,
                       double standard_deviation);
  /** Both from a uniform distribution that depends on `in`: PyTorch's own initialisation, which the originals
   * of the heads leave in place. */
  static Linear uniform(Parameters& parameters, const std::string& name, int64_t in, int64_t out);

  at::Tensor forward(const at::Tensor& x, ForwardMode mode) const;
  void forget_panels() const { panels.clear(); }
  /** Makes the narrow weight and lets go of the own one; on CUDA, where it is bfloat16, it takes the own
   * one's place. */
  void narrow_to(Precision precision);
};

/** Lets go of a parameter's values: what is left of it is its name. */
void drop_values(const at::Tensor& parameter);

/** Where a layer may keep what it prepares of its weights: nowhere while it learns. */
template <typename Cache>
Cache* usable(Cache& cache, ForwardMode mode) {
  if (!mode.training) return &cache;
  cache.clear();
  return nullptr;
}

NormWeights norm_weights(Parameters& parameters, const std::string& name, int64_t size, double eps);

}  // namespace gp
