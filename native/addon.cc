#include <ATen/Parallel.h>
#include <napi.h>
#include <torch/version.h>

#include <utility>

#include "binding/engine_object.h"
#include "engine/device.h"
#include "ops/precision.h"

namespace {

Napi::Value device_info(const Napi::CallbackInfo& info) {
  auto object = Napi::Object::New(info.Env());
  object["libtorch"] = Napi::String::New(info.Env(), TORCH_VERSION);
  object["cudaDevices"] = Napi::Number::New(info.Env(), gp::cuda_device_count());
  object["threads"] = Napi::Number::New(info.Env(), at::get_num_threads());
  auto precisions = Napi::Array::New(info.Env());
  for (const auto& [name, precision] :
       {std::pair("fp32", gp::Precision::kFloat), std::pair("bf16", gp::Precision::kBfloat16),
        std::pair("int8", gp::Precision::kInt8)}) {
    if (gp::has_precision(precision)) precisions[precisions.Length()] = Napi::String::New(info.Env(), name);
  }
  object["precisions"] = precisions;
  return object;
}

Napi::Object initialise(Napi::Env env, Napi::Object exports) {
  exports["Engine"] = gp::binding::EngineObject::define(env);
  exports["deviceInfo"] = Napi::Function::New(env, device_info, "deviceInfo");
  return exports;
}

}  // namespace

NODE_API_MODULE(globalpointer, initialise)
