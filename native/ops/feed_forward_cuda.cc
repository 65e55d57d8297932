#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include "kernels/bias_activation.h"
#include "kernels/column_sums.h"
#include "ops/cuda_call.h"
#include "ops/mixed_linear.h"

namespace gp {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

kernels::ActivationKind kind_of(Activation activation) {
  switch (activation) {
    case Activation::kGelu:
      return kernels::ActivationKind::kGelu;
    case Activation::kGeluTanh:
      return kernels::ActivationKind::kGeluTanh;
    case Activation::kRelu:
      return kernels::ActivationKind::kRelu;
  }
  return kernels::ActivationKind::kGelu;
}

/** activation(before + bias) @param before [T, inner] */
at::Tensor activated(const at::Tensor& before, const at::Tensor& bias, Activation activation) {
  at::Tensor out = at::empty_like(before);
  with_storage(before, [&](auto tag) {
    using Storage = typename decltype(tag)::type;
    kernels::bias_activation(kind_of(activation), numbers<const Storage>(before),
                             numbers<const kernels::Real<Storage>>(bias), numbers<Storage>(out),
                             before.size(0), before.size(1), stream_of(before));
  });
  return out;
}

/** The values before the activation are kept alone; activated, they come out of the backward pass once more.
 */
struct FeedForwardCudaFunction : torch::autograd::Function<FeedForwardCudaFunction> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x_in, const at::Tensor& inner_weight,
                            const at::Tensor& inner_bias, const at::Tensor& outer_weight,
                            int64_t activation) {
    const c10::DeviceGuard guard(x_in.device());
    const at::Tensor x = x_in.detach().contiguous(), inner = stacked_as(x, inner_weight),
                     outer = stacked_as(x, outer_weight), bias = as_real(inner_bias, x);
    const at::Tensor before = at::mm(x, inner.t());  // [T, inner]
    context->save_for_backward({x, inner, outer, bias, before});
    context->saved_data["activation"] = activation;
    context->saved_data["type"] = inner_weight.scalar_type();
    return at::mm(activated(before, bias, static_cast<Activation>(activation)), outer.t());
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &x = saved[0], &inner = saved[1], &outer = saved[2], &bias = saved[3],
                     &before = saved[4];
    const c10::DeviceGuard guard(x.device());
    const auto activation = static_cast<Activation>(context->saved_data["activation"].toInt());
    const auto type = context->saved_data["type"].toScalarType();
    const at::Tensor gradient = gradients[0].contiguous();
    const at::Tensor slope = at::mm(gradient, outer);  // [T, inner]
    const at::Tensor after = at::empty_like(before), bias_gradient = at::empty_like(bias);
    const at::Tensor parts =
        at::empty({kernels::parts_of_rows(before.size(0)), before.size(1)}, bias.options());
    with_storage(before, [&](auto tag) {
      using Storage = typename decltype(tag)::type;
      using R = kernels::Real<Storage>;
      const kernels::Stream stream = stream_of(before);
      kernels::bias_activation_backward(kind_of(activation), numbers<const Storage>(before),
                                        numbers<const R>(bias), numbers<Storage>(slope),
                                        numbers<Storage>(after), numbers<R>(parts), before.size(0),
                                        before.size(1), stream);
      kernels::sum_of_parts(numbers<const R>(parts), parts.size(0), parts.size(1), numbers<R>(bias_gradient),
                            stream);
    });
    const bool learns = context->needs_input_grad(1);
    return {context->needs_input_grad(0) ? at::mm(slope, inner) : at::Tensor(),
            learns ? product_as(type, slope.t(), x) : at::Tensor(), learns ? bias_gradient : at::Tensor(),
            learns ? product_as(type, gradient.t(), after) : at::Tensor(), at::Tensor()};
  }
};

}  // namespace

at::Tensor feed_forward_cuda(const at::Tensor& x, const FeedForwardWeights& weights, Activation activation) {
  return FeedForwardCudaFunction::apply(x, weights.inner_weight, weights.inner_bias, weights.outer_weight,
                                        static_cast<int64_t>(activation));
}

}  // namespace gp
