#pragma once

#include <ATen/core/Tensor.h>

#include "model/parameters.h"
#include "model/shape.h"
#include "ops/sequences.h"

namespace gp {

/**
 * GlobalPointer (Su et al. 2022, arXiv 2208.03054): one projection gives each token a query and a key for
 * every entity type; both are rotated by position, and the score of a span is the product of its first
 * token's query and its last token's key.
 */
struct GlobalPointerHead {
  /** Parameters `dense.weight` and `dense.bias`, named and laid out as in the PyTorch original: per type [q |
   * k]. */
  GlobalPointerHead(Parameters& parameters, const ModelShape& shape);
  /** @param hidden [T, hidden] @return rotated query (0) and key (1) vectors [T, types, 2, headSize] */
  at::Tensor query_key(const at::Tensor& hidden, const Sequences& sequences) const;

  at::Tensor weight;  // [types * 2 * headSize, hidden]
  at::Tensor bias;    // [types * 2 * headSize]
  int64_t types;
  int64_t size;
  bool rotate;
};

}  // namespace gp
