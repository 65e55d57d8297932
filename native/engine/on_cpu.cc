#include "engine/on_cpu.h"

#include <ATen/ATen.h>

namespace gp {

TensorMap on_cpu(const TensorMap& tensors) {
  TensorMap found;
  for (const auto& [name, tensor] : tensors)
    found.emplace_back(name, tensor.detach().to(at::kCPU).contiguous());
  return found;
}

}  // namespace gp
