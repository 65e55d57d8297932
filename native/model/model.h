#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <vector>

#include "model/bert.h"
#include "model/loss_options.h"
#include "model/span_heads.h"
#include "ops/span_decode.h"
#include "ops/span_divergence.h"
#include "ops/span_loss.h"

namespace gp {

/** Encoder and head together: batches in, losses or spans out. */
class Model {
 public:
  Model(const ModelShape& shape, uint64_t seed);

  /** Mean loss of the batch as a scalar with its graph. */
  at::Tensor loss(const Batch& batch, const GoldSpans& gold, ForwardMode mode,
                  const LossOptions& options = {}) const;
  /** The spans above their type's threshold; dropout off, no graph. */
  std::vector<SpanHit> decode(const Batch& batch, const std::vector<float>& thresholds) const;
  /** Dense scores per sequence [types, L, L], -infinity where no span can be: for tests and analysis. */
  std::vector<at::Tensor> scores(const Batch& batch) const;
  /** Last hidden states [T, hidden], dropout off. */
  at::Tensor hidden_states(const Batch& batch) const;

  /**
   * From now on for predictions alone: linear layers are computed in a narrower precision, and their weights
   * are let go of. On CUDA all that goes from layer to layer is narrow, too.
   * @param precision what the device can compute in
   */
  void narrow_to(Precision precision);

  /** What of a batch the model looks up, on a device. */
  Batch::There batch_on(const Batch& batch, const at::Device& device) const {
    return encoder_.embeddings.batch_on(batch, device);
  }

  /** To be called when weights were replaced: their panels may not tell (ops/panel_cache.h). */
  void weights_replaced() const;

  const ModelShape& shape() const { return shape_; }
  Parameters& parameters() { return parameters_; }
  const Parameters& parameters() const { return parameters_; }

 private:
  SpanCells cells() const { return {shape_.mask_special_tokens}; }
  ForwardMode predicting() const;
  SpanFactors factors(const Batch& batch, ForwardMode mode) const;

  ModelShape shape_;
  Parameters parameters_;
  BertEncoder encoder_;
  std::unique_ptr<SpanHead> head_;
  /** Of predictions. */
  Precision products_ = Precision::kFloat;
};

}  // namespace gp
