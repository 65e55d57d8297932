#include "binding/model_arguments.h"

#include "binding/arguments.h"
#include "binding/misuse.h"

namespace gp::binding {
namespace {

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

Precision precision_property(const Napi::Object& options, const char* key) {
  if (property(options, key).IsUndefined()) return Precision::kFloat;
  const std::string value = choice_property(options, key, {"fp32", "tf32", "bf16", "int8"});
  for (const Precision precision : {Precision::kTf32, Precision::kBfloat16, Precision::kInt8}) {
    if (value == name_of(precision)) return precision;
  }
  return Precision::kFloat;
}

}  // namespace gp::binding
