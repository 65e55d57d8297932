#pragma once

#include <ATen/core/Tensor.h>

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

/** Sum of word, position and segment embeddings, LayerNorm, dropout. */
struct BertEmbeddings {
  BertEmbeddings(Parameters& parameters, const std::string& name, const ModelShape& shape);
  /** @return [T, hidden] */
  at::Tensor forward(const Batch& batch, ForwardMode mode) const;

  at::Tensor word_embeddings;        // [vocab, hidden]
  at::Tensor position_embeddings;    // [max positions, hidden]
  at::Tensor token_type_embeddings;  // [segments, hidden]
  LayerNorm layer_norm;
  double dropout_prob;
  int64_t pad_token_id;
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
  std::string hidden_act;
  double hidden_dropout_prob;
  double attention_dropout_prob;

 private:
  at::Tensor activation(const at::Tensor& x) const;
};

/** The BERT encoder on packed sequences: nothing is padded. Parameter names are Hugging Face's under `name`.
 */
struct BertEncoder {
  BertEncoder(Parameters& parameters, const std::string& name, const ModelShape& shape);
  /** @return last hidden states [T, hidden] */
  at::Tensor forward(const Batch& batch, ForwardMode mode) const;

  BertEmbeddings embeddings;
  std::vector<BertLayer> layers;
};

}  // namespace gp
