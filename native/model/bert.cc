#include "model/bert.h"

#include <ATen/ATen.h>

#include "model/recomputation.h"
#include "ops/attention.h"
#include "ops/dispatch.h"
#include "ops/dropout.h"
#include "ops/rope.h"
#include "ops/upload.h"

namespace gp {

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
      layer_norm(norm_weights(parameters, name + ".LayerNorm", shape.embedding_size, shape.layer_norm_eps)),
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

Batch::There BertEmbeddings::batch_on(const Batch& batch, const at::Device& device) const {
  if (batch.there) return *batch.there;
  return {uploaded(batch.input_ids, device),
          batch.token_type_ids.empty() ? at::Tensor() : uploaded(batch.token_type_ids, device),
          position_embeddings.defined() ? uploaded(positions(batch), device) : at::Tensor()};
}

at::Tensor BertEmbeddings::forward(const Batch& batch, ForwardMode mode) const {
  const auto [ids, token_types, position_rows] = batch_on(batch, word_embeddings.device());
  // A sparse gradient has the rows of the batch's tokens alone, of tens of thousands; it wants 64-bit
  // indices.
  const bool sparse = mode.training && takes_cpu_path(word_embeddings) && !takes_cuda_path(word_embeddings);
  at::Tensor x = at::embedding(word_embeddings, sparse ? ids.to(at::kLong) : ids, pad_token_id,
                               /*scale_grad_by_freq=*/false, sparse);
  if (position_embeddings.defined()) {
    // Without an offset the row is -1: no row is kept from its gradient.
    x = x + at::embedding(position_embeddings, position_rows, position_offset - 1);
  }
  x = x +
      (token_types.defined() ? at::embedding(token_type_embeddings, token_types) : token_type_embeddings[0]);
  if (task_type_embeddings.defined()) x = x + task_type_embeddings[0];
  x = at::layer_norm(x, {x.size(1)}, layer_norm.weight, layer_norm.bias, layer_norm.eps);
  return stored_for(mode.training ? dropout(x, dropout_prob, *mode.random) : x, mode);
}

BertLayer::BertLayer(Parameters& parameters, const std::string& name, const ModelShape& shape)
    : query(Linear::normal(parameters, name + ".attention.self.query", shape.hidden_size, shape.hidden_size,
                           shape.initializer_range)),
      key(Linear::normal(parameters, name + ".attention.self.key", shape.hidden_size, shape.hidden_size,
                         shape.initializer_range)),
      value(Linear::normal(parameters, name + ".attention.self.value", shape.hidden_size, shape.hidden_size,
                           shape.initializer_range)),
      attention_output(Linear::normal(parameters, name + ".attention.output.dense", shape.hidden_size,
                                      shape.hidden_size, shape.initializer_range)),
      attention_norm(norm_weights(parameters, name + ".attention.output.LayerNorm", shape.hidden_size,
                                  shape.layer_norm_eps)),
      intermediate(Linear::normal(parameters, name + ".intermediate.dense", shape.hidden_size,
                                  shape.intermediate_size, shape.initializer_range)),
      output(Linear::normal(parameters, name + ".output.dense", shape.intermediate_size, shape.hidden_size,
                            shape.initializer_range)),
      output_norm(
          norm_weights(parameters, name + ".output.LayerNorm", shape.hidden_size, shape.layer_norm_eps)),
      heads(shape.num_attention_heads),
      rotary(shape.positions == Positions::kRotary),
      rotary_value(shape.rotary_value),
      activation(activation_named(shape.hidden_act)),
      hidden_dropout_prob(shape.hidden_dropout_prob),
      attention_dropout_prob(shape.attention_probs_dropout_prob) {}

at::Tensor BertLayer::attention_input(const at::Tensor& x, const Sequences& sequences,
                                      ForwardMode mode) const {
  const int64_t tokens = x.size(0), hidden = x.size(1);
  const at::Tensor projected = narrow_attention_ ? narrow_attention_->forward(x)
                                                 : linear(x, {query.weight, key.weight, value.weight},
                                                          {query.bias, key.bias, value.bias},
                                                          usable(attention_panels_, mode), mode.products);
  const at::Tensor qkv = projected.view({tokens, 3, heads, hidden / heads});  // [T, 3, heads, d]
  if (!rotary) return qkv;
  const int64_t turned = rotary_value ? 3 : 2;
  const at::Tensor vectors =
      qkv.narrow(1, 0, turned).reshape({tokens, turned * heads, hidden / heads});  // [T, n, d]
  const at::Tensor rotated = rope(vectors, sequences).view({tokens, turned, heads, hidden / heads});
  return rotary_value ? rotated : at::cat({rotated, qkv.narrow(1, 2, 1)}, 1);
}

at::Tensor BertLayer::forward(const at::Tensor& x, const Sequences& sequences, ForwardMode mode) const {
  // Outside training no mask is drawn, so no stream is needed.
  RandomStream unused;
  RandomStream& random = mode.training ? *mode.random : unused;
  const double hidden_dropout = mode.training ? hidden_dropout_prob : 0.0;
  const at::Tensor context = attention(attention_input(x, sequences, mode), sequences,
                                       mode.training ? attention_dropout_prob : 0.0, random)
                                 .view(x.sizes());  // [T, hidden]
  if (leaves_bias(x)) {
    const at::Tensor attended =
        residual_norm(linear_without_bias(context, attention_output.weight), attention_output.bias, x,
                      attention_norm, hidden_dropout, random);
    return residual_norm(feed_forward_without_bias(attended, feed_forward_weights(), activation), output.bias,
                         attended, output_norm, hidden_dropout, random);
  }
  const at::Tensor attended =
      residual_norm(attention_output.forward(context, mode), x, attention_norm, hidden_dropout, random);
  return residual_norm(feed_forward_output(attended, mode), attended, output_norm, hidden_dropout, random);
}

at::Tensor BertLayer::feed_forward_output(const at::Tensor& x, ForwardMode mode) const {
  if (intermediate.narrow) return output.narrow->forward(intermediate.narrow->forward(x, &activation));
  return feed_forward(x, feed_forward_weights(), activation, usable(feed_forward_panels_, mode),
                      mode.products);
}

FeedForwardWeights BertLayer::feed_forward_weights() const {
  return {intermediate.weight, intermediate.bias, output.weight, output.bias};
}

void BertLayer::narrow_to(Precision precision) {
  attention_output.narrow_to(precision);
  intermediate.narrow_to(precision);
  output.narrow_to(precision);
  if (takes_cuda_path(query.weight)) {
    for (Linear* layer : {&query, &key, &value}) layer->narrow_to(precision);
    return;
  }
  narrow_attention_.emplace(precision, at::TensorList{query.weight, key.weight, value.weight},
                            at::TensorList{query.bias, key.bias, value.bias});
  for (const auto& weight : {query.weight, key.weight, value.weight}) drop_values(weight);
}

BertEncoder::BertEncoder(Parameters& parameters, const std::string& name, const ModelShape& shape)
    : embeddings(parameters, name + "embeddings", shape) {
  if (shape.embedding_size != shape.hidden_size) {
    embeddings_project = Linear::normal(parameters, name + "embeddings_project", shape.embedding_size,
                                        shape.hidden_size, shape.initializer_range);
  }
  for (int64_t i = 0; i < shape.num_hidden_layers; ++i) {
    const size_t first = parameters.all().size();
    layers.emplace_back(parameters, name + "encoder.layer." + std::to_string(i), shape);
    layer_parameters.push_back(parameters.since(first));
  }
}

void BertLayer::forget_panels() const {
  attention_panels_.clear();
  attention_output.forget_panels();
  feed_forward_panels_.clear();
}

void BertEncoder::forget_panels() const {
  if (embeddings_project) embeddings_project->forget_panels();
  for (const auto& layer : layers) layer.forget_panels();
}

void BertEncoder::narrow_to(Precision precision) {
  for (auto& layer : layers) layer.narrow_to(precision);
}

at::Tensor BertEncoder::forward(const Batch& batch, ForwardMode mode) const {
  at::Tensor x = embeddings.forward(batch, mode);  // [T, embedding]
  if (embeddings_project) x = embeddings_project->forward(x, mode);
  if (x.is_cuda()) batch.sequences.starts_on(x.device());  // once, not in each copy
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
