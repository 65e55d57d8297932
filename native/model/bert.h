#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <string>
#include <vector>

#include "model/batch.h"
#include "model/layers.h"
#include "model/shape.h"

namespace gp {

/** Sum of the embeddings (word, segment, and position and task where there are any), LayerNorm, dropout. */
struct BertEmbeddings {
  BertEmbeddings(Parameters& parameters, const std::string& name, const ModelShape& shape);
  /** @return [T, embedding] */
  at::Tensor forward(const Batch& batch, ForwardMode mode) const;
  /** What of a batch is looked up, on a device. */
  Batch::There batch_on(const Batch& batch, const at::Device& device) const;

  at::Tensor word_embeddings;        // [vocab, embedding]
  at::Tensor position_embeddings;    // [max positions, embedding], undefined where positions are rotary
  at::Tensor token_type_embeddings;  // [segments, embedding]
  at::Tensor task_type_embeddings;   // [tasks, embedding], undefined where there are none
  NormWeights layer_norm;
  double dropout_prob;
  int64_t pad_token_id;
  int64_t position_offset;

 private:
  /** The row of the position table for each token. */
  std::vector<int32_t> positions(const Batch& batch) const;
};

/** One encoder layer (Devlin et al. 2019): self-attention and feed-forward, each with dropout, residual,
 * LayerNorm. */
struct BertLayer {
  BertLayer(Parameters& parameters, const std::string& name, const ModelShape& shape);
  /** @param x [T, hidden] @return [T, hidden] */
  at::Tensor forward(const at::Tensor& x, const Sequences& sequences, ForwardMode mode) const;
  void narrow_to(Precision precision);
  void forget_panels() const;

  Linear query;
  Linear key;
  Linear value;
  Linear attention_output;
  NormWeights attention_norm;
  Linear intermediate;
  Linear output;
  NormWeights output_norm;
  int64_t heads;
  bool rotary;
  bool rotary_value;
  Activation activation;
  double hidden_dropout_prob;
  double attention_dropout_prob;

 private:
  /** Queries, keys and values, rotated where positions are: [T, 3, heads, d] */
  at::Tensor attention_input(const at::Tensor& x, const Sequences& sequences, ForwardMode mode) const;
  at::Tensor feed_forward_output(const at::Tensor& x, ForwardMode mode) const;
  FeedForwardWeights feed_forward_weights() const;

  /** For predictions: of query, key and value together, and of the feed-forward half. */
  mutable PanelCache attention_panels_;
  mutable FeedForwardCache feed_forward_panels_;
  /** Query, key and value together, in a model for predictions in a narrower precision. */
  std::optional<NarrowLinear> narrow_attention_;
};

/**
 * BERT and its kin (RoBERTa, ELECTRA, ERNIE, RoFormer: the switches of the shape) on packed sequences:
 * nothing is padded. Parameter names are Hugging Face's under `name`.
 */
struct BertEncoder {
  BertEncoder(Parameters& parameters, const std::string& name, const ModelShape& shape);
  /** @return last hidden states [T, hidden] */
  at::Tensor forward(const Batch& batch, ForwardMode mode) const;
  /** From now on for predictions alone, the linear layers of all encoder layers in a narrower precision. */
  void narrow_to(Precision precision);
  /** Lets go of what was prepared of the weights for predictions. */
  void forget_panels() const;

  BertEmbeddings embeddings;
  std::optional<Linear> embeddings_project;
  std::vector<BertLayer> layers;
  /** The parameters of each layer. */
  std::vector<std::vector<at::Tensor>> layer_parameters;
};

}  // namespace gp
