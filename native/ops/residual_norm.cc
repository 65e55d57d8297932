#include "ops/residual_norm.h"

#include <ATen/ATen.h>

#include "ops/dropout.h"
#include "ops/tile_product.h"

namespace gp {

at::Tensor residual_norm_reference(const at::Tensor& x, const at::Tensor& residual, const NormWeights& norm,
                                   double p, const MaskKey& key) {
  const at::Tensor kept = p > 0 ? dropout_reference(x, p, key) : x;
  return at::layer_norm(kept + residual, {x.size(1)}, norm.weight, norm.bias, norm.eps);
}

at::Tensor residual_norm(const at::Tensor& x, const at::Tensor& residual, const NormWeights& norm, double p,
                         RandomStream& random) {
  if (x.is_cuda()) {
    return at::layer_norm(dropout(x, p, random) + residual, {x.size(1)}, norm.weight, norm.bias, norm.eps);
  }
  const MaskKey key = p > 0 ? draw_mask(random) : MaskKey{};
  return takes_tile_path(x) ? residual_norm_cpu(x, residual, norm, p, key)
                            : residual_norm_reference(x, residual, norm, p, key);
}

}  // namespace gp
