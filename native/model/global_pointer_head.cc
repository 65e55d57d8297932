#include "model/global_pointer_head.h"

#include <ATen/ATen.h>

#include <cmath>

#include "ops/rope.h"

namespace gp {
namespace {

/** PyTorch's default for a linear layer, which the original leaves in place. */
double uniform_bound(const ModelShape& shape) {
  return 1.0 / std::sqrt(static_cast<double>(shape.hidden_size));
}

}  // namespace

GlobalPointerHead::GlobalPointerHead(Parameters& parameters, const ModelShape& shape)
    : weight(parameters.uniform("dense.weight",
                                {shape.entity_type_count * 2 * shape.head_size, shape.hidden_size},
                                uniform_bound(shape))),
      bias(parameters.uniform("dense.bias", {shape.entity_type_count * 2 * shape.head_size},
                              uniform_bound(shape))),
      types(shape.entity_type_count),
      size(shape.head_size),
      rotate(shape.rope) {}

at::Tensor GlobalPointerHead::query_key(const at::Tensor& hidden, const Sequences& sequences) const {
  at::Tensor projected =
      at::linear(hidden, weight, bias).view({hidden.size(0), types * 2, size});  // [T, types*2, d]
  if (rotate) projected = rope(projected, sequences);
  return projected.view({hidden.size(0), types, 2, size});
}

}  // namespace gp
