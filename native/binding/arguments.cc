#include "binding/arguments.h"

#include <algorithm>
#include <cmath>
#include <sstream>

namespace gp::binding {
namespace {

constexpr int64_t kMostTokens = int64_t{1} << 31;

[[noreturn]] void throw_type_error(Napi::Env env, const std::string& message) {
  throw Napi::TypeError::New(env, message);
}

[[noreturn]] void throw_range_error(Napi::Env env, const std::string& message) {
  throw Napi::RangeError::New(env, message);
}

template <typename... Parts>
std::string text(const Parts&... parts) {
  std::ostringstream stream;
  (stream << ... << parts);
  return stream.str();
}

std::vector<int32_t> int32_property(const Napi::Object& object, const std::string& owner, const char* key) {
  const Napi::Value value = property(object, key);
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_int32_array) {
    throw_type_error(object.Env(), text(owner, ".", key, " must be an Int32Array."));
  }
  const auto array = value.As<Napi::Int32Array>();
  if (array.ElementLength() == 0) return {};
  return std::vector<int32_t>(array.Data(), array.Data() + array.ElementLength());
}

std::string choice_property(const Napi::Object& object, const char* key,
                            const std::vector<std::string>& choices) {
  const std::string value = string_property(object, key);
  if (std::find(choices.begin(), choices.end(), value) != choices.end()) return value;
  std::string listed;
  for (size_t i = 0; i < choices.size(); ++i)
    listed += (i == 0 ? "" : i + 1 == choices.size() ? " or " : ", ") + choices[i];
  throw_range_error(object.Env(), text(key, " must be ", listed, ", but is ", value, "."));
}

double probability(const Napi::Object& object, const char* key) {
  const double value = number_property(object, key);
  if (!(value >= 0 && value < 1))
    throw_range_error(object.Env(), text(key, " must be at least 0 and below 1, but is ", value, "."));
  return value;
}

Positions positions_property(const Napi::Object& object, const char* key) {
  const std::string value = string_property(object, key);
  if (value == "learned") return Positions::kLearned;
  if (value == "rotary") return Positions::kRotary;
  throw_range_error(object.Env(), text(key, " must be learned or rotary, but is ", value, "."));
}

/** Whether the encoder's sizes and switches fit each other. */
void check_encoder(Napi::Env env, const ModelShape& shape) {
  if (shape.hidden_size % shape.num_attention_heads != 0) {
    throw_range_error(env,
                      text("hiddenSize (", shape.hidden_size, ") must be a multiple of numAttentionHeads (",
                           shape.num_attention_heads, ")."));
  }
  const bool rotary = shape.positions == Positions::kRotary;
  const int64_t attention_size = shape.hidden_size / shape.num_attention_heads;
  if (rotary && attention_size % 2 != 0) {
    throw_range_error(
        env, text("Rotary positions turn pairs, but an attention head has ", attention_size, " dimensions."));
  }
  if (shape.rotary_value && !rotary) throw_range_error(env, "rotaryValue needs rotary positions.");
  if (shape.position_offset != 0 && (rotary || shape.position_offset != shape.pad_token_id + 1)) {
    throw_range_error(env, "positionOffset must be 0, or padTokenId + 1 with learned positions.");
  }
  if (shape.usable_positions() < 2)
    throw_range_error(env, "positionOffset leaves no positions to the tokens.");
}

}  // namespace

Napi::Object object_argument(const Napi::CallbackInfo& info, size_t index, const char* name) {
  if (index >= info.Length() || !info[index].IsObject())
    throw_type_error(info.Env(), text(name, " must be an object."));
  return info[index].As<Napi::Object>();
}

std::string string_argument(const Napi::CallbackInfo& info, size_t index, const char* name) {
  if (index >= info.Length() || !info[index].IsString())
    throw_type_error(info.Env(), text(name, " must be a string."));
  return info[index].As<Napi::String>().Utf8Value();
}

Napi::Value property(const Napi::Object& object, const char* key) { return object.Get(key); }

double number_property(const Napi::Object& object, const char* key) {
  const Napi::Value value = property(object, key);
  if (!value.IsNumber()) throw_type_error(object.Env(), text(key, " must be a number."));
  return value.As<Napi::Number>().DoubleValue();
}

int64_t integer_property(const Napi::Object& object, const char* key, int64_t lowest, int64_t highest) {
  const double value = number_property(object, key);
  if (std::trunc(value) != value)
    throw_type_error(object.Env(), text(key, " must be a whole number, but is ", value, "."));
  if (value < static_cast<double>(lowest) || value > static_cast<double>(highest)) {
    throw_range_error(object.Env(),
                      text(key, " must lie between ", lowest, " and ", highest, ", but is ", value, "."));
  }
  return static_cast<int64_t>(value);
}

bool boolean_property(const Napi::Object& object, const char* key) {
  const Napi::Value value = property(object, key);
  if (!value.IsBoolean()) throw_type_error(object.Env(), text(key, " must be true or false."));
  return value.As<Napi::Boolean>().Value();
}

std::string string_property(const Napi::Object& object, const char* key) {
  const Napi::Value value = property(object, key);
  if (!value.IsString()) throw_type_error(object.Env(), text(key, " must be a string."));
  return value.As<Napi::String>().Utf8Value();
}

Napi::Object object_property(const Napi::Object& object, const char* key) {
  const Napi::Value value = property(object, key);
  if (!value.IsObject()) throw_type_error(object.Env(), text(key, " must be an object."));
  return value.As<Napi::Object>();
}

ModelShape shape_property(const Napi::Object& options, const char* key) {
  const Napi::Env env = options.Env();
  const Napi::Object object = object_property(options, key);
  constexpr int64_t kMost = 1 << 24;  // keeps every product of two sizes far from overflow
  ModelShape shape;
  shape.vocab_size = integer_property(object, "vocabSize", 1, kMost);
  shape.hidden_size = integer_property(object, "hiddenSize", 1, kMost);
  shape.num_hidden_layers = integer_property(object, "numHiddenLayers", 1, 1024);
  shape.num_attention_heads = integer_property(object, "numAttentionHeads", 1, 1024);
  shape.intermediate_size = integer_property(object, "intermediateSize", 1, kMost);
  shape.max_position_embeddings = integer_property(object, "maxPositionEmbeddings", 2, kMost);
  shape.type_vocab_size = integer_property(object, "typeVocabSize", 1, 1024);
  shape.pad_token_id = integer_property(object, "padTokenId", -1, shape.vocab_size - 1);
  shape.layer_norm_eps = number_property(object, "layerNormEps");
  shape.hidden_act = choice_property(object, "hiddenAct", {"gelu", "gelu_new", "relu"});
  shape.hidden_dropout_prob = probability(object, "hiddenDropoutProb");
  shape.attention_probs_dropout_prob = probability(object, "attentionProbsDropoutProb");
  shape.initializer_range = number_property(object, "initializerRange");
  shape.embedding_size = integer_property(object, "embeddingSize", 1, kMost);
  shape.positions = positions_property(object, "positions");
  shape.position_offset = integer_property(object, "positionOffset", 0, kMost);
  shape.task_type_vocab_size = integer_property(object, "taskTypeVocabSize", 0, 1024);
  shape.rotary_value = boolean_property(object, "rotaryValue");
  shape.entity_type_count = integer_property(object, "entityTypeCount", 1, 1 << 20);
  shape.head_type =
      choice_property(object, "headType", {"global-pointer", "efficient-global-pointer", "tplinker"});
  shape.head_size = integer_property(object, "headSize", 1, 1 << 16);
  shape.rope = boolean_property(object, "rope");
  shape.bias_input = choice_property(object, "biasInput", {"projection", "hidden"});
  shape.mask_special_tokens = boolean_property(object, "maskSpecialTokens");
  check_encoder(env, shape);
  if (shape.entity_type_count * shape.head_size >= int64_t{1} << 30) {  // BLAS counts in 32 bits
    throw_range_error(env, "There are too many entity types for a head of this headSize.");
  }
  if (shape.rope && shape.head_size % 2 != 0) {
    throw_range_error(env, text("headSize must be even for rope, but is ", shape.head_size, "."));
  }
  if (!(shape.layer_norm_eps > 0)) throw_range_error(env, "layerNormEps must be positive.");
  if (!(shape.initializer_range >= 0)) throw_range_error(env, "initializerRange must not be negative.");
  return shape;
}

Batch batch_argument(const Napi::CallbackInfo& info, size_t index, const ModelShape& shape) {
  return batch_value(object_argument(info, index, "batch"), shape);
}

Batch batch_value(const Napi::Object& object, const ModelShape& shape) {
  const Napi::Env env = object.Env();
  Batch batch;
  batch.input_ids = int32_property(object, "batch", "inputIds");
  const std::vector<int32_t> starts = int32_property(object, "batch", "sequenceStarts");
  const auto tokens = static_cast<int64_t>(batch.input_ids.size());
  if (tokens >= kMostTokens) throw_range_error(env, "batch.inputIds holds too many tokens.");
  if (starts.size() < 2 || starts.front() != 0 || starts.back() != tokens) {
    throw_range_error(
        env, text("batch.sequenceStarts must begin with 0 and end with the number of tokens, ", tokens, "."));
  }
  for (size_t b = 0; b + 1 < starts.size(); ++b) {
    const int64_t length = int64_t{starts[b + 1]} - int64_t{starts[b]};
    if (length < 1 || length > shape.usable_positions()) {
      throw_range_error(env, text("Sequence ", b, " of the batch has ", length,
                                  " tokens; the model takes 1 to ", shape.usable_positions(), "."));
    }
  }
  for (int64_t t = 0; t < tokens; ++t) {
    const int32_t id = batch.input_ids[static_cast<size_t>(t)];
    if (id < 0 || id >= shape.vocab_size) {
      throw_range_error(env, text("batch.inputIds[", t, "] is ", id, ", outside the model's vocabulary of ",
                                  shape.vocab_size, " tokens."));
    }
  }
  if (!property(object, "tokenTypeIds").IsUndefined()) {
    batch.token_type_ids = int32_property(object, "batch", "tokenTypeIds");
    if (batch.token_type_ids.size() != batch.input_ids.size()) {
      throw_range_error(env, "batch.tokenTypeIds must be as long as batch.inputIds.");
    }
    for (const int32_t id : batch.token_type_ids) {
      if (id < 0 || id >= shape.type_vocab_size) {
        throw_range_error(env, text("batch.tokenTypeIds holds ", id, "; the model has ",
                                    shape.type_vocab_size, " segments."));
      }
    }
  }
  batch.sequences.starts.assign(starts.begin(), starts.end());
  return batch;
}

GoldSpans gold_argument(const Napi::CallbackInfo& info, size_t index, const Batch& batch,
                        const ModelShape& shape) {
  return gold_value(object_argument(info, index, "gold"), batch, shape);
}

GoldSpans gold_value(const Napi::Object& object, const Batch& batch, const ModelShape& shape) {
  const Napi::Env env = object.Env();
  const auto sequence = int32_property(object, "gold", "sequence");
  const auto type = int32_property(object, "gold", "entityType");
  const auto start = int32_property(object, "gold", "start");
  const auto end = int32_property(object, "gold", "end");
  if (type.size() != sequence.size() || start.size() != sequence.size() || end.size() != sequence.size()) {
    throw_range_error(env, "The columns of gold must be equally long.");
  }
  const SpanCells cells{shape.mask_special_tokens};
  for (size_t i = 0; i < sequence.size(); ++i) {
    if (sequence[i] < 0 || sequence[i] >= batch.sequences.count()) {
      throw_range_error(
          env, text("Gold span ", i, " names sequence ", sequence[i], " of ", batch.sequences.count(), "."));
    }
    if (type[i] < 0 || type[i] >= shape.entity_type_count) {
      throw_range_error(
          env, text("Gold span ", i, " names entity type ", type[i], " of ", shape.entity_type_count, "."));
    }
    const int64_t length = batch.sequences.length(sequence[i]);
    if (start[i] < cells.first(length) || end[i] < start[i] || end[i] >= cells.end(length)) {
      throw_range_error(
          env, text("Gold span ", i, " (", start[i], " to ", end[i], ") does not lie within its sequence of ",
                    length, " tokens", shape.mask_special_tokens ? ", [CLS] and [SEP] left out." : "."));
    }
  }
  return group_gold_spans(batch.sequences.count(), shape.entity_type_count, sequence, type, start, end);
}

std::vector<float> thresholds_argument(const Napi::CallbackInfo& info, size_t index,
                                       const ModelShape& shape) {
  const Napi::Env env = info.Env();
  if (index >= info.Length() || !info[index].IsTypedArray() ||
      info[index].As<Napi::TypedArray>().TypedArrayType() != napi_float32_array) {
    throw_type_error(env, "thresholds must be a Float32Array.");
  }
  const auto array = info[index].As<Napi::Float32Array>();
  if (static_cast<int64_t>(array.ElementLength()) != shape.entity_type_count) {
    throw_range_error(
        env, text("thresholds must hold ", shape.entity_type_count, " values, one for each entity type."));
  }
  for (size_t i = 0; i < array.ElementLength(); ++i) {
    if (std::isnan(array[i])) throw_range_error(env, "A threshold must be a number, but is NaN.");
  }
  return std::vector<float>(array.Data(), array.Data() + array.ElementLength());
}

}  // namespace gp::binding
