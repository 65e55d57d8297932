#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

namespace gp {

/** The L2 norm of all gradients, dense or coalesced, as one vector. */
double gradient_norm(const std::vector<at::Tensor>& gradients);
double gradient_norm_reference(const std::vector<at::Tensor>& gradients);
/** The same in one pass; float, CPU. */
double gradient_norm_cpu(const std::vector<at::Tensor>& gradients);

}  // namespace gp
