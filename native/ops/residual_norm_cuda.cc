#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include "kernels/column_sums.h"
#include "kernels/residual_norm.h"
#include "ops/cuda_call.h"
#include "ops/residual_norm.h"

namespace gp {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/** The operands of both passes, contiguous and in the kernels' types. */
struct Operands {
  at::Tensor x, bias, residual, scale, shift;
  double eps;
  kernels::DropoutMask mask;

  template <typename Storage>
  kernels::ResidualNorm<Storage> as() const {
    using R = kernels::Real<Storage>;
    return {numbers<const Storage>(x),
            numbers<const R>(bias),
            numbers<const Storage>(residual),
            numbers<const R>(scale),
            numbers<const R>(shift),
            eps,
            mask,
            x.size(0),
            x.size(1)};
  }
};

struct ResidualNormCudaFunction : torch::autograd::Function<ResidualNormCudaFunction> {
  /** @param bias [size], or none: of no elements */
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& bias,
                            const at::Tensor& residual, const at::Tensor& scale, const at::Tensor& shift,
                            double eps, double p, const MaskKey& key) {
    const c10::DeviceGuard guard(x.device());
    const Operands of{x.detach().contiguous(),
                      bias.numel() > 0 ? as_real(bias, x) : at::Tensor(),
                      residual.detach().contiguous(),
                      as_real(scale, x),
                      as_real(shift, x),
                      eps,
                      dropout_mask(p, key)};
    at::Tensor out = at::empty_like(of.x);
    const at::Tensor means = at::empty({x.size(0)}, of.x.options().dtype(real_type(x))),
                     deviations = at::empty_like(means);
    with_storage(x, [&](auto tag) {
      using Storage = typename decltype(tag)::type;
      using R = kernels::Real<Storage>;
      kernels::residual_norm(of.as<Storage>(), numbers<Storage>(out), numbers<R>(means),
                             numbers<R>(deviations), stream_of(x));
    });
    context->save_for_backward({of.x, of.bias, of.residual, of.scale, of.shift, means, deviations});
    context->saved_data["eps"] = eps;
    context->saved_data["p"] = p;
    keep(context, key);
    return out;
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const variable_list saved = context->get_saved_variables();
    const c10::DeviceGuard guard(saved[0].device());
    const MaskKey key = kept_key(context);
    const Operands of{saved[0],
                      saved[1],
                      saved[2],
                      saved[3],
                      saved[4],
                      context->saved_data["eps"].toDouble(),
                      dropout_mask(context->saved_data["p"].toDouble(), key)};
    const at::Tensor &means = saved[5], &deviations = saved[6], gradient = gradients[0].contiguous();
    const int64_t rows = of.x.size(0), size = of.x.size(1);
    at::Tensor dx = at::empty_like(of.x), dresidual = at::empty_like(of.x);
    const at::Tensor parts = at::empty({kernels::parts_of_rows(rows), 3, size}, means.options());
    const at::Tensor sums = at::empty({3, size}, means.options());
    with_storage(of.x, [&](auto tag) {
      using Storage = typename decltype(tag)::type;
      using R = kernels::Real<Storage>;
      const kernels::Stream stream = stream_of(of.x);
      kernels::residual_norm_backward(of.as<Storage>(), numbers<const Storage>(gradient),
                                      numbers<const R>(means), numbers<const R>(deviations),
                                      numbers<Storage>(dx), numbers<Storage>(dresidual), numbers<R>(parts),
                                      stream);
      kernels::sum_of_parts(numbers<const R>(parts), parts.size(0), 3 * size, numbers<R>(sums), stream);
    });
    return {dx,           of.bias.defined() ? sums[2] : at::Tensor(),
            dresidual,    sums[0],
            sums[1],      at::Tensor(),
            at::Tensor(), at::Tensor()};
  }
};

}  // namespace

at::Tensor residual_norm_cuda(const at::Tensor& x, const at::Tensor& bias, const at::Tensor& residual,
                              const NormWeights& norm, double p, const MaskKey& key) {
  return ResidualNormCudaFunction::apply(x, bias.defined() ? bias : at::empty({0}, norm.bias.options()),
                                         residual, norm.weight, norm.bias, norm.eps, p, key);
}

}  // namespace gp
