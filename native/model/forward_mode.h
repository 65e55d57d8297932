#pragma once

#include <ATen/core/Tensor.h>

#include "ops/cuda_ops.h"
#include "ops/precision.h"
#include "ops/random_mask.h"

namespace gp {

/** What a forward pass needs besides its input: whether dropout is on, and where its masks come from. */
struct ForwardMode {
  bool training = false;
  RandomStream* random = nullptr;
  /** Whether encoder layers keep their input only, and are computed again in the backward pass. */
  bool checkpointing = false;
  /** What the products of linear layers are computed in: kFloat or kBfloat16. */
  Precision products = Precision::kFloat;
};

/** What goes from layer to layer, as it is stored: in bfloat16 on CUDA where products are computed in that.
 */
inline at::Tensor stored_for(const at::Tensor& x, ForwardMode mode) {
  return mode.products == Precision::kBfloat16 && takes_cuda_path(x) ? x.to(at::kBFloat16) : x;
}

}  // namespace gp
