#pragma once

#include <napi.h>

#include <vector>

#include "engine/session.h"

namespace gp::binding {

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
