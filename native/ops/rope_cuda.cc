#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include "kernels/rope.h"
#include "ops/cuda_call.h"
#include "ops/rope.h"

namespace gp {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/** @param positions [T] */
at::Tensor rotated(const at::Tensor& x, const at::Tensor& positions, int direction) {
  const c10::DeviceGuard guard(x.device());
  const at::Tensor input = x.detach().contiguous();
  at::Tensor out = at::empty_like(input);
  with_storage(input, [&](auto tag) {
    using Storage = typename decltype(tag)::type;
    kernels::rope(numbers<const Storage>(input), numbers<Storage>(out), numbers<const int32_t>(positions),
                  input.size(0), input.size(1), input.size(2), direction, stream_of(input));
  });
  return out;
}

struct RopeCudaFunction : torch::autograd::Function<RopeCudaFunction> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& positions) {
    context->save_for_backward({positions});
    return rotated(x, positions, 1);
  }
  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    return {rotated(gradients[0], context->get_saved_variables()[0], -1), at::Tensor()};
  }
};

}  // namespace

at::Tensor rope_cuda(const at::Tensor& x, const Sequences& sequences) {
  return RopeCudaFunction::apply(x, sequences.positions_on(x.device()));
}

}  // namespace gp
