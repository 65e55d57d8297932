#include "ops/upload.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace gp {
namespace {

template <typename T>
at::Tensor copied(const std::vector<T>& values, at::ScalarType type, const at::Device& device) {
  // Memory that the device reads by itself; LibTorch keeps it until the copy is done.
  const at::Tensor host = at::empty({static_cast<int64_t>(values.size())},
                                    at::TensorOptions(type).pinned_memory(device.is_cuda()));
  std::copy(values.begin(), values.end(), host.data_ptr<T>());
  return host.to(device, /*non_blocking=*/true);
}

}  // namespace

at::Tensor uploaded(const std::vector<int32_t>& values, const at::Device& device) {
  return copied(values, at::kInt, device);
}
at::Tensor uploaded(const std::vector<double>& values, const at::Device& device) {
  return copied(values, at::kDouble, device);
}
at::Tensor uploaded(const std::vector<float>& values, const at::Device& device) {
  return copied(values, at::kFloat, device);
}

}  // namespace gp
