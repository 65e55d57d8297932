#include "binding/batch_arguments.h"

#include <algorithm>
#include <cmath>

#include "binding/arguments.h"
#include "binding/misuse.h"

namespace gp::binding {
namespace {

constexpr int64_t kMostTokens = int64_t{1} << 31;

std::vector<int32_t> int32_property(const Napi::Object& object, const std::string& owner, const char* key) {
  const Napi::Value value = property(object, key);
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_int32_array) {
    throw_type_error(object.Env(), text(owner, ".", key, " must be an Int32Array."));
  }
  const auto array = value.As<Napi::Int32Array>();
  if (array.ElementLength() == 0) return {};
  return std::vector<int32_t>(array.Data(), array.Data() + array.ElementLength());
}

}  // namespace

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
  batch.sequences = Sequences(std::vector<int64_t>(starts.begin(), starts.end()));
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
