#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace gp {

/** Numbers of the host on a device; the copy to a CUDA device goes on while the host does. */
at::Tensor uploaded(const std::vector<int32_t>& values, const at::Device& device);
at::Tensor uploaded(const std::vector<double>& values, const at::Device& device);
at::Tensor uploaded(const std::vector<float>& values, const at::Device& device);

}  // namespace gp
