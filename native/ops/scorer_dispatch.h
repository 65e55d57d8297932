#pragma once

#include "ops/additive_scorer.h"
#include "ops/span_scorers.h"
#include "ops/tiled_product_scorer.h"

namespace gp {

/** Calls visit(scorer) with the scorer of these factors; contiguous CPU tensors of type T. */
template <typename T, typename Visit>
void with_scorer(const SpanFactors& factors, const FactorTensors& gradients, const Sequences& sequences,
                 Visit visit) {
  const FactorTensors tensors = tensors_of(factors);
  if (std::holds_alternative<ProductFactors>(factors)) {
    if constexpr (std::is_same_v<T, float>) {
      if (has_tile_products()) {
        TiledProductScorer scorer(tensors, gradients, sequences);
        return visit(scorer);
      }
    }
    ProductScorer<T> scorer(tensors, gradients, sequences);
    visit(scorer);
  } else if (std::holds_alternative<BiasedFactors>(factors)) {
    BiasedScorer<T> scorer(tensors, gradients, sequences);
    visit(scorer);
  } else {
    AdditiveScorer<T> scorer(tensors, gradients, sequences);
    visit(scorer);
  }
}

/** The same factors with their elements in order. */
inline SpanFactors contiguous(const SpanFactors& factors) {
  FactorTensors tensors = tensors_of(factors);
  for (auto& tensor : tensors) {
    if (tensor.defined()) tensor = tensor.contiguous();
  }
  return like(factors, tensors);
}

/** Zeros for the gradient by every factor. */
inline FactorTensors zero_gradients(const SpanFactors& factors) {
  FactorTensors gradients = tensors_of(factors);
  for (auto& tensor : gradients) {
    if (tensor.defined()) tensor = at::zeros_like(tensor).requires_grad_(false);
  }
  return gradients;
}

}  // namespace gp
