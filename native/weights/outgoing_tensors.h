#pragma once

#include "weights/weight_file.h"

namespace gp::weights {

/**
 * Throws Flaw when a tensor cannot be written: undefined, an unsupported element type, a bad or repeated
 * name.
 */
void check_outgoing(const TensorMap& tensors);

/** The tensor's elements row by row in CPU memory; the tensor itself where they lie so already. */
at::Tensor laid_out_on_cpu(const at::Tensor& tensor);

}  // namespace gp::weights
