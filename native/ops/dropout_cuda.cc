#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include "kernels/dropout.h"
#include "ops/cuda_call.h"
#include "ops/dropout.h"

namespace gp {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

at::Tensor masked(const at::Tensor& x, double p, const MaskKey& key) {
  const c10::DeviceGuard guard(x.device());
  const at::Tensor input = x.detach().contiguous();
  at::Tensor out = at::empty_like(input);
  with_storage(input, [&](auto tag) {
    using Storage = typename decltype(tag)::type;
    kernels::dropout(numbers<const Storage>(input), numbers<Storage>(out), input.numel(),
                     dropout_mask(p, key), stream_of(input));
  });
  return out;
}

struct DropoutCudaFunction : torch::autograd::Function<DropoutCudaFunction> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, double p, const MaskKey& key) {
    context->saved_data["p"] = p;
    keep(context, key);
    return masked(x, p, key);
  }
  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const MaskKey key = kept_key(context);
    return {masked(gradients[0], context->saved_data["p"].toDouble(), key), at::Tensor(), at::Tensor()};
  }
};

}  // namespace

at::Tensor dropout_cuda(const at::Tensor& x, double p, const MaskKey& key) {
  return DropoutCudaFunction::apply(x, p, key);
}

}  // namespace gp
