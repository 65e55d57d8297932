#include "model/bert.h"

#include <ATen/ATen.h>

#include "model/recomputation.h"
#include "ops/attention.h"
#include "ops/dropout.h"
#include "ops/rope.h"

namespace gp {
namespace {

/** [T] on `device`, from 32-bit integers of the host. */
at::Tensor index_tensor(const std::vector<int32_t>& values, const at::Device& device) {
  at::Tensor index = at::empty({static_cast<int64_t>(values.size())}, at::kInt);
  std::copy(values.begin(), values.end(), index.data_ptr<int32_t>());
  return index.to(device);
}

at::Tensor maybe_dropout(const at::Tensor& x, double p, ForwardMode mode) {
  return mode.training ? dropout(x, p, *mode.random) : x;
}

}  // namespace

Linear::Linear(Parameters& parameters, const std::string& name, int64_t in, int64_t out,
               double standard_deviation)
    : weight(parameters.normal(name + ".weight", {out, in}, standard_deviation)),
      bias(parameters.constant(name + ".bias", {out}, 0)) {}

at::Tensor Linear::forward(const at::Tensor& x) const { return at::linear(x, weight, bias); }

LayerNorm::LayerNorm(Parameters& parameters, const std::string& name, int64_t size, double eps)
    : weight(parameters.constant(name + ".weight", {size}, 1)),
      bias(parameters.constant(name + ".bias", {size}, 0)),
      eps(eps) {}

at::Tensor LayerNorm::forward(const at::Tensor& x) const {
  return at::layer_norm(x, {x.size(-1)}, weight, bias, eps);
}

BertEmbeddings::BertEmbeddings(Parameters& parameters, const std::string& name, const ModelShape& shape)
    : word_embeddings(parameters.normal(name + ".word_embeddings.weight",
                                        {shape.vocab_size, shape.embedding_size}, shape.initializer_range)),
      position_embeddings(shape.positions == Positions::kLearned
                              ? parameters.normal(name + ".position_embeddings.weight",
                                                  {shape.max_position_embeddings, shape.embedding_size},
                                                  shape.initializer_range)
                              : at::Tensor()),
      token_type_embeddings(parameters.normal(name + ".token_type_embeddings.weight",
                                              {shape.type_vocab_size, shape.embedding_size},
                                              shape.initializer_range)),
      task_type_embeddings(shape.task_type_vocab_size > 0
                               ? parameters.normal(name + ".task_type_embeddings.weight",
                                                   {shape.task_type_vocab_size, shape.embedding_size},
                                                   shape.initializer_range)
                               : at::Tensor()),
      layer_norm(parameters, name + ".LayerNorm", shape.embedding_size, shape.layer_norm_eps),
      dropout_prob(shape.hidden_dropout_prob),
      pad_token_id(shape.pad_token_id),
      position_offset(shape.position_offset) {
  // The rows of [PAD] start at zero and take no gradient, as in Hugging Face's models.
  at::NoGradGuard no_gradient;
  if (pad_token_id >= 0) word_embeddings.select(0, pad_token_id).zero_();
  if (position_offset > 0) position_embeddings.select(0, position_offset - 1).zero_();
}

std::vector<int32_t> BertEmbeddings::positions(const Batch& batch) const {
  std::vector<int32_t> rows;
  rows.reserve(batch.input_ids.size());
  for (int64_t b = 0; b < batch.sequences.count(); ++b) {
    auto next = static_cast<int32_t>(position_offset);
    for (int64_t t = 0; t < batch.sequences.length(b); ++t) {
      // A text may spell "[PAD]": RoBERTa does not count it, and gives it the row in front of the first.
      const bool padding = position_offset > 0 && batch.input_ids[rows.size()] == pad_token_id;
      rows.push_back(padding ? static_cast<int32_t>(position_offset - 1) : next++);
    }
  }
  return rows;
}

at::Tensor BertEmbeddings::forward(const Batch& batch, ForwardMode mode) const {
  const auto device = word_embeddings.device();
  at::Tensor x = at::embedding(word_embeddings, index_tensor(batch.input_ids, device), pad_token_id);
  if (position_embeddings.defined()) {
    // Without an offset the row is -1: no row is kept from its gradient.
    x = x + at::embedding(position_embeddings, index_tensor(positions(batch), device), position_offset - 1);
  }
  x = x + (batch.token_type_ids.empty()
               ? token_type_embeddings[0]
               : at::embedding(token_type_embeddings, index_tensor(batch.token_type_ids, device)));
  if (task_type_embeddings.defined()) x = x + task_type_embeddings[0];
  return maybe_dropout(layer_norm.forward(x), dropout_prob, mode);
}

BertLayer::BertLayer(Parameters& parameters, const std::string& name, const ModelShape& shape)
    : query(parameters, name + ".attention.self.query", shape.hidden_size, shape.hidden_size,
            shape.initializer_range),
      key(parameters, name + ".attention.self.key", shape.hidden_size, shape.hidden_size,
          shape.initializer_range),
      value(parameters, name + ".attention.self.value", shape.hidden_size, shape.hidden_size,
            shape.initializer_range),
      attention_output(parameters, name + ".attention.output.dense", shape.hidden_size, shape.hidden_size,
                       shape.initializer_range),
      attention_norm(parameters, name + ".attention.output.LayerNorm", shape.hidden_size,
                     shape.layer_norm_eps),
      intermediate(parameters, name + ".intermediate.dense", shape.hidden_size, shape.intermediate_size,
                   shape.initializer_range),
      output(parameters, name + ".output.dense", shape.intermediate_size, shape.hidden_size,
             shape.initializer_range),
      output_norm(parameters, name + ".output.LayerNorm", shape.hidden_size, shape.layer_norm_eps),
      heads(shape.num_attention_heads),
      rotary(shape.positions == Positions::kRotary),
      rotary_value(shape.rotary_value),
      hidden_act(shape.hidden_act),
      hidden_dropout_prob(shape.hidden_dropout_prob),
      attention_dropout_prob(shape.attention_probs_dropout_prob) {}

at::Tensor BertLayer::activation(const at::Tensor& x) const {
  if (hidden_act == "relu") return at::relu(x);
  return at::gelu(x, hidden_act == "gelu_new" ? "tanh" : "none");
}

at::Tensor BertLayer::forward(const at::Tensor& x, const Sequences& sequences, ForwardMode mode) const {
  const int64_t tokens = x.size(0), hidden = x.size(1);
  const auto in_heads = [&](const Linear& linear, bool rotated) {
    const at::Tensor y = linear.forward(x).view({tokens, heads, hidden / heads});  // [T, heads, d]
    return rotated ? rope(y, sequences) : y;
  };
  // Outside training no mask is drawn, so no stream is needed.
  RandomStream unused;
  at::Tensor context = attention(
      in_heads(query, rotary), in_heads(key, rotary), in_heads(value, rotary && rotary_value), sequences,
      mode.training ? attention_dropout_prob : 0.0, mode.training ? *mode.random : unused);
  context = attention_output.forward(context.reshape({tokens, hidden}));
  const at::Tensor attended = attention_norm.forward(maybe_dropout(context, hidden_dropout_prob, mode) + x);
  const at::Tensor wide = activation(intermediate.forward(attended));  // [T, intermediate]
  return output_norm.forward(maybe_dropout(output.forward(wide), hidden_dropout_prob, mode) + attended);
}

BertEncoder::BertEncoder(Parameters& parameters, const std::string& name, const ModelShape& shape)
    : embeddings(parameters, name + "embeddings", shape) {
  if (shape.embedding_size != shape.hidden_size) {
    embeddings_project.emplace(parameters, name + "embeddings_project", shape.embedding_size,
                               shape.hidden_size, shape.initializer_range);
  }
  for (int64_t i = 0; i < shape.num_hidden_layers; ++i) {
    const size_t first = parameters.all().size();
    layers.emplace_back(parameters, name + "encoder.layer." + std::to_string(i), shape);
    layer_parameters.push_back(parameters.since(first));
  }
}

at::Tensor BertEncoder::forward(const Batch& batch, ForwardMode mode) const {
  at::Tensor x = embeddings.forward(batch, mode);  // [T, embedding]
  if (embeddings_project) x = embeddings_project->forward(x);
  for (size_t i = 0; i < layers.size(); ++i) {
    if (!mode.checkpointing) {
      x = layers[i].forward(x, batch.sequences, mode);
      continue;
    }
    // Copies: the backward pass may come after the batch is gone.
    x = recomputed(x, layer_parameters[i], mode,
                   [layer = &layers[i], sequences = batch.sequences](const at::Tensor& input, ForwardMode m) {
                     return layer->forward(input, sequences, m);
                   });
  }
  return x;
}

}  // namespace gp
