#include "model/span_heads.h"

#include <ATen/ATen.h>

#include <cmath>

#include "ops/rope.h"

namespace gp {
namespace {

/** Weight and bias of a linear layer as PyTorch initialises it, which the originals leave in place. */
std::pair<at::Tensor, at::Tensor> linear(Parameters& parameters, const std::string& name, int64_t in,
                                         int64_t out) {
  const double bound = 1.0 / std::sqrt(static_cast<double>(in));
  at::Tensor weight = parameters.uniform(name + ".weight", {out, in}, bound);
  return {weight, parameters.uniform(name + ".bias", {out}, bound)};
}

}  // namespace

GlobalPointerHead::GlobalPointerHead(Parameters& parameters, const ModelShape& shape)
    : types_(shape.entity_type_count), size_(shape.head_size), rotate_(shape.rope) {
  std::tie(weight_, bias_) = linear(parameters, "dense", shape.hidden_size, types_ * 2 * size_);
}

SpanFactors GlobalPointerHead::factors(const at::Tensor& hidden, const Sequences& sequences) const {
  at::Tensor projected =
      at::linear(hidden, weight_, bias_).view({hidden.size(0), types_ * 2, size_});  // [T, types*2, d]
  if (rotate_) projected = rope(projected, sequences);
  return ProductFactors{projected.view({hidden.size(0), types_, 2, size_})};
}

EfficientGlobalPointerHead::EfficientGlobalPointerHead(Parameters& parameters, const ModelShape& shape)
    : types_(shape.entity_type_count),
      size_(shape.head_size),
      rotate_(shape.rope),
      bias_from_hidden_(shape.bias_input == "hidden") {
  std::tie(query_key_weight_, query_key_bias_) = linear(parameters, "p_dense", shape.hidden_size, 2 * size_);
  std::tie(type_weight_, type_bias_) =
      linear(parameters, "q_dense", bias_from_hidden_ ? shape.hidden_size : 2 * size_, 2 * types_);
}

SpanFactors EfficientGlobalPointerHead::factors(const at::Tensor& hidden, const Sequences& sequences) const {
  const int64_t tokens = hidden.size(0);
  const at::Tensor projected = at::linear(hidden, query_key_weight_, query_key_bias_);  // [T, 2d]
  // Query and key are interleaved: [T, d, 2] to [T, 2, d].
  at::Tensor query_key = projected.view({tokens, size_, 2}).transpose(1, 2).contiguous();
  if (rotate_) query_key = rope(query_key, sequences);
  const at::Tensor bias = at::linear(bias_from_hidden_ ? hidden : projected, type_weight_, type_bias_) / 2;
  return BiasedFactors{query_key, bias.view({tokens, types_, 2})};
}

TPLinkerHead::TPLinkerHead(Parameters& parameters, const ModelShape& shape) {
  const int64_t hidden = shape.hidden_size;
  std::tie(combine_weight_, combine_bias_) = linear(parameters, "combine_fc", 2 * hidden, hidden);
  std::tie(output_weight_, output_bias_) = linear(parameters, "output_fc", hidden, shape.entity_type_count);
}

SpanFactors TPLinkerHead::factors(const at::Tensor& hidden, const Sequences&) const {
  const int64_t size = hidden.size(1);
  // W [h_i; h_j] + b = (W_1 h_i + b) + W_2 h_j
  const at::Tensor first = at::linear(hidden, combine_weight_.narrow(1, 0, size), combine_bias_);
  const at::Tensor last = at::linear(hidden, combine_weight_.narrow(1, size, size));
  return AdditiveFactors{at::stack({first, last}, 1), output_weight_, output_bias_};  // pair [T, 2, hidden]
}

std::unique_ptr<SpanHead> make_head(Parameters& parameters, const ModelShape& shape) {
  if (shape.head_type == "efficient-global-pointer")
    return std::make_unique<EfficientGlobalPointerHead>(parameters, shape);
  if (shape.head_type == "tplinker") return std::make_unique<TPLinkerHead>(parameters, shape);
  return std::make_unique<GlobalPointerHead>(parameters, shape);
}

}  // namespace gp
