#pragma once

#include <napi.h>

#include <string>
#include <vector>

#include "engine/session.h"

// Everything that comes from JavaScript is checked and copied here, on the JavaScript thread, before work is
// queued. A wrong kind of value throws TypeError, a value out of range RangeError.
namespace gp::binding {

Napi::Object object_argument(const Napi::CallbackInfo& info, size_t index, const char* name);
std::string string_argument(const Napi::CallbackInfo& info, size_t index, const char* name);

/** Undefined where the object has no such property. */
Napi::Value property(const Napi::Object& object, const char* key);
double number_property(const Napi::Object& object, const char* key);
int64_t integer_property(const Napi::Object& object, const char* key, int64_t lowest, int64_t highest);
bool boolean_property(const Napi::Object& object, const char* key);
std::string string_property(const Napi::Object& object, const char* key);
Napi::Object object_property(const Napi::Object& object, const char* key);

ModelShape shape_property(const Napi::Object& options, const char* key);

/** A PackedBatch: ids within the vocabulary, every sequence at least one token and within the model's
 * positions. */
Batch batch_value(const Napi::Object& object, const ModelShape& shape);
Batch batch_argument(const Napi::CallbackInfo& info, size_t index, const ModelShape& shape);
/** A SpanTable of gold spans, each within its sequence and over cells that count. */
GoldSpans gold_value(const Napi::Object& object, const Batch& batch, const ModelShape& shape);
GoldSpans gold_argument(const Napi::CallbackInfo& info, size_t index, const Batch& batch,
                        const ModelShape& shape);
/** Float32Array with a threshold for each entity type. */
std::vector<float> thresholds_argument(const Napi::CallbackInfo& info, size_t index, const ModelShape& shape);

}  // namespace gp::binding
