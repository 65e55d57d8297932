#pragma once

#include <ATen/core/Tensor.h>
#include <napi.h>

#include <string>
#include <utility>
#include <vector>

#include "engine/session.h"

// JavaScript values for the results of jobs. All copies: no memory is shared across the border.
namespace gp::binding {

Napi::Value report_value(Napi::Env env, const LoadReport& report);
Napi::Value step_value(Napi::Env env, const StepResult& result);
/** A SpanTable with scores. */
Napi::Value hits_value(Napi::Env env, const std::vector<SpanHit>& hits);
/** Float32Array of a contiguous CPU tensor in float. */
Napi::Value tensor_value(Napi::Env env, const at::Tensor& tensor);
/** { name: { shape: number[], data: Float32Array } } */
Napi::Value named_tensors_value(Napi::Env env,
                                const std::vector<std::pair<std::string, at::Tensor>>& tensors);

}  // namespace gp::binding
