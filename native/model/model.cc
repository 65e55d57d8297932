#include "model/model.h"

#include <ATen/ATen.h>

#include "ops/dispatch.h"

namespace gp {

Model::Model(const ModelShape& shape, uint64_t seed)
    : shape_(shape),
      parameters_(seed),
      encoder_(parameters_, "encoder.", shape),
      head_(make_head(parameters_, shape)) {}

SpanFactors Model::factors(const Batch& batch, ForwardMode mode) const {
  return head_->factors(encoder_.forward(batch, mode), batch.sequences, mode);
}

at::Tensor Model::loss(const Batch& batch, const GoldSpans& gold, ForwardMode mode,
                       const LossOptions& options) const {
  const GoldSpans smoothed =
      options.label_smoothing > 0
          ? smooth_boundaries(gold, batch.sequences, shape_.entity_type_count, options.label_smoothing)
          : gold;
  if (batch.padding_sequences > 0) {
    const int64_t count = batch.sequences.count() - batch.padding_sequences;
    return span_loss(factors(batch, mode), batch.sequences.first_there(count), smoothed, cells());
  }
  if (options.r_drop <= 0) return span_loss(factors(batch, mode), batch.sequences, smoothed, cells());
  // R-Drop: both passes in one, every sequence standing twice in the batch. The mean over both is half the
  // sum of their losses.
  const Batch twice = doubled(batch);
  const SpanFactors both = factors(twice, mode);
  return span_loss(both, twice.sequences, doubled(smoothed), cells()) +
         options.r_drop * span_divergence(both, twice.sequences, cells());
}

std::vector<SpanHit> Model::decode(const Batch& batch, const std::vector<float>& thresholds) const {
  at::NoGradGuard no_gradient;
  return span_decode(factors(batch, predicting()), batch.sequences, thresholds, cells());
}

std::vector<at::Tensor> Model::scores(const Batch& batch) const {
  at::NoGradGuard no_gradient;
  return span_scores(factors(batch, predicting()), batch.sequences, cells());
}

void Model::weights_replaced() const {
  encoder_.forget_panels();
  head_->forget_panels();
}

void Model::narrow_to(Precision precision) {
  const at::NoGradGuard no_gradient;
  encoder_.narrow_to(precision);
  head_->narrow_to(precision);
  products_ = precision;
}

ForwardMode Model::predicting() const {
  ForwardMode mode;
  mode.products = products_;
  return mode;
}

at::Tensor Model::hidden_states(const Batch& batch) const {
  at::NoGradGuard no_gradient;
  return in_single(encoder_.forward(batch, predicting()));
}

}  // namespace gp
