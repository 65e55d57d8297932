#include "ops/residual_norm.h"

#include <ATen/ATen.h>

#include "ops/cuda_ops.h"
#include "ops/dispatch.h"
#include "ops/dropout.h"
#include "ops/tile_product.h"

namespace gp {

at::Tensor residual_norm_reference(const at::Tensor& x_in, const at::Tensor& residual,
                                   const NormWeights& norm, double p, const MaskKey& key) {
  const at::Tensor x = in_single(x_in);
  const at::Tensor kept = p > 0 ? dropout_reference(x, p, key) : x;
  return at::layer_norm(kept + residual, {x.size(1)}, norm.weight, norm.bias, norm.eps)
      .to(x_in.scalar_type());
}

at::Tensor residual_norm(const at::Tensor& x, const at::Tensor& residual, const NormWeights& norm, double p,
                         RandomStream& random) {
  const MaskKey key = p > 0 ? draw_mask(random) : MaskKey{};
  if (const CudaOps* on_cuda = cuda_ops_for(x)) return on_cuda->residual_norm(x, {}, residual, norm, p, key);
  return takes_tile_path(x) ? residual_norm_cpu(x, residual, norm, p, key)
                            : residual_norm_reference(x, residual, norm, p, key);
}

at::Tensor residual_norm(const at::Tensor& x, const at::Tensor& bias, const at::Tensor& residual,
                         const NormWeights& norm, double p, RandomStream& random) {
  if (const CudaOps* on_cuda = cuda_ops_for(x))
    return on_cuda->residual_norm(x, bias, residual, norm, p, p > 0 ? draw_mask(random) : MaskKey{});
  return residual_norm((in_single(x) + bias).to(x.scalar_type()), residual, norm, p, random);
}

}  // namespace gp
