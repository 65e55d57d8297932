#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <string>
#include <vector>

#include "model/batch.h"
#include "model/parameters.h"
#include "model/shape.h"
#include "ops/random_mask.h"

namespace gp {

/** What a forward pass needs besides its input: whether dropout is on, and where its masks come from. */
struct ForwardMode {
  bool training = false;
  RandomStream* random = nullptr;
  /** Whether encoder layers keep their input only, and are computed again in the backward pass. */
  bool checkpointing = false;
};

/** y = x W^T + b */
struct Linear {
  Linear(Parameters& parameters, const std::string& name, int64_t in, int64_t out, double standard_deviation);
  at::Tensor forward(const at::Tensor& x) const;

  at::Tensor weight;  // [out, in]
  at::Tensor bias;    // [out]
};

struct LayerNorm {
  LayerNorm(Parameters& parameters, const std::string& name, int64_t size, double eps);
  at::Tensor forward(const at::Tensor& x) const;

  at::Tensor weight;  // [size]
  at::Tensor bias;    // [size]
  double eps;
};

/** Sum of the embeddings (word, segment, and position and task where there are any), LayerNorm, dropout. */
struct BertEmbeddings {
  BertEmbeddings(Parameters& parameters, const std::string& name, const ModelShape& shape);
  /** @return [T, embedding] */
  at::Tensor forward(const Batch& batch, ForwardMode mode) const;

  at::Tensor word_embeddings;        // [vocab, embedding]
  at::Tensor position_embeddings;    // [max positions, embedding], undefined where positions are rotary
  at::Tensor token_type_embeddings;  // [segments, embedding]
  at::Tensor task_type_embeddings;   // [tasks, embedding], undefined where there are none
  LayerNorm layer_norm;
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

  Linear query;
  Linear key;
  Linear value;
  Linear attention_output;
  LayerNorm attention_norm;
  Linear intermediate;
  Linear output;
  LayerNorm output_norm;
  int64_t heads;
  bool rotary;
  bool rotary_value;
  std::string hidden_act;
  double hidden_dropout_prob;
  double attention_dropout_prob;

 private:
  at::Tensor activation(const at::Tensor& x) const;
};

/**
 * BERT and its kin (RoBERTa, ELECTRA, ERNIE, RoFormer: the switches of the shape) on packed sequences:
 * nothing is padded. Parameter names are Hugging Face's under `name`.
 */
struct BertEncoder {
  BertEncoder(Parameters& parameters, const std::string& name, const ModelShape& shape);
  /** @return last hidden states [T, hidden] */
  at::Tensor forward(const Batch& batch, ForwardMode mode) const;

  BertEmbeddings embeddings;
  std::optional<Linear> embeddings_project;
  std::vector<BertLayer> layers;
  /** The parameters of each layer. */
  std::vector<std::vector<at::Tensor>> layer_parameters;
};

}  // namespace gp
