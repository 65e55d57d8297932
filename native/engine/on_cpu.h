#pragma once

#include <ATen/core/Tensor.h>

#include "weights/weight_file.h"

namespace gp {

/** The same tensors on the CPU, contiguous, without a graph; not copied where they are that already. */
TensorMap on_cpu(const TensorMap& tensors);

}  // namespace gp
