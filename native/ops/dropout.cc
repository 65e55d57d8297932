#include "ops/dropout.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>

#include "ops/cuda_ops.h"
#include "ops/dispatch.h"
#include "ops/mask_parts.h"

namespace gp {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/** out = x * mask, element by element; with x absent, out = mask. */
template <typename T>
void multiply_by_mask(const T* x, T* out, int64_t count, double p, const MaskKey& key) {
  const int64_t parts = (count + kMaskPart - 1) / kMaskPart;
  at::parallel_for(0, parts, 1, [&](int64_t first, int64_t last) {
    T mask[kMaskPart];
    for (int64_t part = first; part < last; ++part) {
      const int64_t begin = part * kMaskPart;
      const int64_t here = std::min(kMaskPart, count - begin);
      fill_mask(key, static_cast<uint32_t>(part), p, mask, here);
      for (int64_t i = 0; i < here; ++i) out[begin + i] = x == nullptr ? mask[i] : x[begin + i] * mask[i];
    }
  });
}

at::Tensor masked_product(const at::Tensor& x, double p, const MaskKey& key) {
  const at::Tensor input = x.contiguous();
  at::Tensor out = at::empty_like(input);
  AT_DISPATCH_FLOATING_TYPES(input.scalar_type(), "dropout_cpu", [&] {
    multiply_by_mask(input.const_data_ptr<scalar_t>(), out.data_ptr<scalar_t>(), input.numel(), p, key);
  });
  return out;
}

struct DropoutFunction : torch::autograd::Function<DropoutFunction> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, double p, const MaskKey& key) {
    context->saved_data["p"] = p;
    context->saved_data["seed"] = static_cast<int64_t>(key.seed);
    context->saved_data["draw"] = static_cast<int64_t>(key.draw);
    return masked_product(x, p, key);
  }
  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const MaskKey key{static_cast<uint64_t>(context->saved_data["seed"].toInt()),
                      static_cast<uint64_t>(context->saved_data["draw"].toInt())};
    return {masked_product(gradients[0], context->saved_data["p"].toDouble(), key), at::Tensor(),
            at::Tensor()};
  }
};

}  // namespace

at::Tensor dropout_reference(const at::Tensor& x, double p, const MaskKey& key) {
  const auto type = x.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
  at::Tensor mask = at::empty(x.sizes(), at::TensorOptions(type));
  AT_DISPATCH_FLOATING_TYPES(mask.scalar_type(), "dropout_reference", [&] {
    multiply_by_mask<scalar_t>(nullptr, mask.data_ptr<scalar_t>(), mask.numel(), p, key);
  });
  return x * mask.to(x.options());
}

at::Tensor dropout_cpu(const at::Tensor& x, double p, const MaskKey& key) {
  return DropoutFunction::apply(x, p, key);
}

at::Tensor dropout(const at::Tensor& x, double p, RandomStream& random) {
  if (p == 0) return x;
  const MaskKey key = draw_mask(random);
  if (const CudaOps* on_cuda = cuda_ops_for(x)) return on_cuda->dropout(x, p, key);
  return takes_cpu_path(x) ? dropout_cpu(x, p, key) : dropout_reference(x, p, key);
}

}  // namespace gp
