#pragma once

#include <ATen/core/Tensor.h>

#include "ops/random_mask.h"

namespace gp {

/**
 * Inverted dropout: each element becomes 0 with probability p, else is divided by 1 - p. p = 0 returns x
 * itself.
 */
at::Tensor dropout(const at::Tensor& x, double p, RandomStream& random);
/** The same as a product with a materialised mask, in plain ATen. */
at::Tensor dropout_reference(const at::Tensor& x, double p, const MaskKey& key);
/** The same with the mask drawn again in the backward pass instead of being kept. CPU, float or double. */
at::Tensor dropout_cpu(const at::Tensor& x, double p, const MaskKey& key);
/** The same by a kernel. CUDA, bfloat16 too. */
at::Tensor dropout_cuda(const at::Tensor& x, double p, const MaskKey& key);

}  // namespace gp
