#pragma once

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

}  // namespace gp
