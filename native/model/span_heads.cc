#include "model/span_heads.h"

#include <ATen/ATen.h>

#include "ops/dispatch.h"
#include "ops/rope.h"

namespace gp {

GlobalPointerHead::GlobalPointerHead(Parameters& parameters, const ModelShape& shape)
    : types_(shape.entity_type_count),
      size_(shape.head_size),
      rotate_(shape.rope),
      projection_(Linear::uniform(parameters, "dense", shape.hidden_size, types_ * 2 * size_)) {}

SpanFactors GlobalPointerHead::factors(const at::Tensor& hidden, const Sequences& sequences,
                                       ForwardMode mode) const {
  at::Tensor projected =
      projection_.forward(hidden, mode).view({hidden.size(0), types_ * 2, size_});  // [T, types*2, d]
  if (rotate_) projected = rope(projected, sequences);
  return ProductFactors{projected.view({hidden.size(0), types_, 2, size_})};
}

EfficientGlobalPointerHead::EfficientGlobalPointerHead(Parameters& parameters, const ModelShape& shape)
    : types_(shape.entity_type_count),
      size_(shape.head_size),
      rotate_(shape.rope),
      bias_from_hidden_(shape.bias_input == "hidden"),
      projection_(Linear::uniform(parameters, "p_dense", shape.hidden_size, 2 * size_)),
      type_biases_(Linear::uniform(parameters, "q_dense", bias_from_hidden_ ? shape.hidden_size : 2 * size_,
                                   2 * types_)) {}

SpanFactors EfficientGlobalPointerHead::factors(const at::Tensor& hidden, const Sequences& sequences,
                                                ForwardMode mode) const {
  const int64_t tokens = hidden.size(0);
  const at::Tensor projected = projection_.forward(hidden, mode);  // [T, 2d]
  // Query and key are interleaved: [T, d, 2] to [T, 2, d].
  at::Tensor query_key = projected.view({tokens, size_, 2}).transpose(1, 2).contiguous();
  if (rotate_) query_key = rope(query_key, sequences);
  const at::Tensor bias = type_biases_.forward(bias_from_hidden_ ? hidden : projected, mode) / 2;
  return BiasedFactors{query_key, bias.view({tokens, types_, 2})};
}

TPLinkerHead::TPLinkerHead(Parameters& parameters, const ModelShape& shape)
    : combine_(Linear::uniform(parameters, "combine_fc", 2 * shape.hidden_size, shape.hidden_size)),
      output_(Linear::uniform(parameters, "output_fc", shape.hidden_size, shape.entity_type_count)) {}

SpanFactors TPLinkerHead::factors(const at::Tensor& hidden_in, const Sequences&, ForwardMode) const {
  const at::Tensor hidden = in_single(hidden_in);
  const int64_t size = hidden.size(1);
  // W [h_i; h_j] + b = (W_1 h_i + b) + W_2 h_j
  const at::Tensor first = at::linear(hidden, combine_.weight.narrow(1, 0, size), combine_.bias);
  const at::Tensor last = at::linear(hidden, combine_.weight.narrow(1, size, size));
  return AdditiveFactors{at::stack({first, last}, 1), output_.weight, output_.bias};  // pair [T, 2, hidden]
}

std::unique_ptr<SpanHead> make_head(Parameters& parameters, const ModelShape& shape) {
  if (shape.head_type == "efficient-global-pointer")
    return std::make_unique<EfficientGlobalPointerHead>(parameters, shape);
  if (shape.head_type == "tplinker") return std::make_unique<TPLinkerHead>(parameters, shape);
  return std::make_unique<GlobalPointerHead>(parameters, shape);
}

}  // namespace gp
