#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/DeviceGuard.h>
#include <torch/csrc/autograd/custom_function.h>

#include <utility>

#include "kernels/dropout_mask.h"
#include "kernels/scalar.h"
#include "ops/random_mask.h"

// What stands between tensors and kernels.

namespace gp {

/** The stream that work on the tensor's device goes to at the moment. */
kernels::Stream stream_of(const at::Tensor& tensor);

template <typename Storage>
struct Tag {
  using type = Storage;
};

/** Calls visit(Tag<the kernels' type of the tensor's numbers>). @throws c10::Error for other numbers */
template <typename Visit>
auto with_storage(const at::Tensor& tensor, Visit visit) {
  switch (tensor.scalar_type()) {
    case at::kFloat:
      return visit(Tag<float>());
    case at::kDouble:
      return visit(Tag<double>());
    case at::kBFloat16:
      return visit(Tag<kernels::Bfloat16>());
    default:
      TORCH_CHECK(false, "There is no kernel for tensors of ", tensor.scalar_type(), ".");
  }
}

/** The numbers of a contiguous tensor; null for an undefined one. */
template <typename T>
T* numbers(const at::Tensor& tensor) {
  return tensor.defined() ? reinterpret_cast<T*>(tensor.data_ptr()) : nullptr;
}

/** What numbers of this type are computed in. */
inline at::ScalarType real_type(const at::Tensor& tensor) {
  return tensor.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
}

/** Contiguous, in what the kernels compute in. */
inline at::Tensor as_real(const at::Tensor& tensor, const at::Tensor& like) {
  return tensor.defined() ? tensor.detach().to(real_type(like)).contiguous() : tensor;
}

inline kernels::DropoutMask dropout_mask(double p, const MaskKey& key) {
  if (p <= 0) return {};
  const DropoutThreshold threshold(p);
  return {key.seed, key.draw, key.first_draw, threshold.dropped, threshold.kept};
}

/** A key in the context of a graph's node, and out of it. */
inline void keep(torch::autograd::AutogradContext* context, const MaskKey& key) {
  context->saved_data["seed"] = static_cast<int64_t>(key.seed);
  context->saved_data["draw"] = static_cast<int64_t>(key.draw);
  context->saved_data["first_draw"] = reinterpret_cast<int64_t>(key.first_draw);
}

inline MaskKey kept_key(torch::autograd::AutogradContext* context) {
  return {static_cast<uint64_t>(context->saved_data["seed"].toInt()),
          static_cast<uint64_t>(context->saved_data["draw"].toInt()),
          reinterpret_cast<const int64_t*>(context->saved_data["first_draw"].toInt())};
}

}  // namespace gp
