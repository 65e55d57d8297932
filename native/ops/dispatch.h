#pragma once

#include <ATen/core/Tensor.h>

#include <cstdlib>
#include <cstring>

namespace gp {

/** True when the environment asks for the plain ATen twins (GP_REFERENCE_OPS=1): for tests and for bisecting.
 */
inline bool reference_ops_forced() {
  const char* value = std::getenv("GP_REFERENCE_OPS");
  return value != nullptr && std::strcmp(value, "1") == 0;
}

/** The fast CPU path takes CPU tensors in float, or in double for the gradient checks. */
inline bool takes_cpu_path(const at::Tensor& tensor) {
  const auto type = tensor.scalar_type();
  return tensor.is_cpu() && (type == at::kFloat || type == at::kDouble) && !reference_ops_forced();
}

/** For the plain twins: numbers of less than single precision are computed with in single. */
inline at::Tensor in_single(const at::Tensor& tensor) {
  return tensor.scalar_type() == at::kBFloat16 ? tensor.to(at::kFloat) : tensor;
}

}  // namespace gp
