#include "binding/answers.h"

#include <algorithm>

namespace gp::binding {
namespace {

Napi::Array names_value(Napi::Env env, const std::vector<std::string>& names) {
  auto array = Napi::Array::New(env, names.size());
  for (uint32_t i = 0; i < names.size(); ++i) array[i] = Napi::String::New(env, names[i]);
  return array;
}

const char* format_name(WeightFormat format) {
  switch (format) {
    case WeightFormat::kSafetensors:
      return "safetensors";
    case WeightFormat::kTorchZip:
      return "torch-zip";
    case WeightFormat::kTorchLegacy:
      return "torch-legacy";
  }
  return "unknown";
}

}  // namespace

Napi::Value report_value(Napi::Env env, const LoadReport& report) {
  auto object = Napi::Object::New(env);
  object["format"] = Napi::String::New(env, format_name(report.format));
  object["loaded"] = names_value(env, report.loaded);
  object["missing"] = names_value(env, report.missing);
  object["unexpected"] = names_value(env, report.unexpected);
  return object;
}

Napi::Value step_value(Napi::Env env, const StepResult& result) {
  auto object = Napi::Object::New(env);
  object["loss"] = Napi::Number::New(env, result.loss);
  object["gradientNorm"] = Napi::Number::New(env, result.gradient_norm);
  object["applied"] = Napi::Boolean::New(env, result.applied);
  if (result.micro_batch > 0)
    object["microBatch"] = Napi::Number::New(env, static_cast<double>(result.micro_batch));
  return object;
}

Napi::Value hits_value(Napi::Env env, const std::vector<SpanHit>& hits) {
  auto sequence = Napi::Int32Array::New(env, hits.size());
  auto type = Napi::Int32Array::New(env, hits.size());
  auto start = Napi::Int32Array::New(env, hits.size());
  auto end = Napi::Int32Array::New(env, hits.size());
  auto score = Napi::Float32Array::New(env, hits.size());
  for (size_t i = 0; i < hits.size(); ++i) {
    sequence[i] = hits[i].sequence;
    type[i] = hits[i].type;
    start[i] = hits[i].start;
    end[i] = hits[i].end;
    score[i] = hits[i].score;
  }
  auto object = Napi::Object::New(env);
  object["sequence"] = sequence;
  object["entityType"] = type;
  object["start"] = start;
  object["end"] = end;
  object["score"] = score;
  return object;
}

Napi::Value tensor_value(Napi::Env env, const at::Tensor& tensor) {
  const auto count = static_cast<size_t>(tensor.numel());
  auto array = Napi::Float32Array::New(env, count);
  if (count > 0) std::copy_n(tensor.const_data_ptr<float>(), count, array.Data());
  return array;
}

Napi::Value named_tensors_value(Napi::Env env,
                                const std::vector<std::pair<std::string, at::Tensor>>& tensors) {
  auto object = Napi::Object::New(env);
  for (const auto& [name, tensor] : tensors) {
    auto shape = Napi::Array::New(env, static_cast<size_t>(tensor.dim()));
    for (int64_t i = 0; i < tensor.dim(); ++i) {
      shape[static_cast<uint32_t>(i)] = Napi::Number::New(env, static_cast<double>(tensor.size(i)));
    }
    auto entry = Napi::Object::New(env);
    entry["shape"] = shape;
    entry["data"] = tensor_value(env, tensor);
    object[name] = entry;
  }
  return object;
}

}  // namespace gp::binding
