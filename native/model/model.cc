#include "model/model.h"

#include <ATen/ATen.h>

namespace gp {

Model::Model(const ModelShape& shape, uint64_t seed)
    : shape_(shape), parameters_(seed), encoder_(parameters_, "encoder.", shape), head_(parameters_, shape) {}

at::Tensor Model::loss(const Batch& batch, const GoldSpans& gold, ForwardMode mode) const {
  const at::Tensor query_key = head_.query_key(encoder_.forward(batch, mode), batch.sequences);
  return span_loss(query_key, batch.sequences, gold, {shape_.mask_special_tokens});
}

std::vector<SpanHit> Model::decode(const Batch& batch, const std::vector<float>& thresholds) const {
  at::NoGradGuard no_gradient;
  const at::Tensor query_key = head_.query_key(encoder_.forward(batch, {}), batch.sequences);
  return span_decode(query_key, batch.sequences, thresholds, {shape_.mask_special_tokens});
}

std::vector<at::Tensor> Model::scores(const Batch& batch) const {
  at::NoGradGuard no_gradient;
  const at::Tensor query_key = head_.query_key(encoder_.forward(batch, {}), batch.sequences);
  return span_scores(query_key, batch.sequences, {shape_.mask_special_tokens});
}

at::Tensor Model::hidden_states(const Batch& batch) const {
  at::NoGradGuard no_gradient;
  return encoder_.forward(batch, {});
}

}  // namespace gp
