#include <ATen/Parallel.h>
#include <napi.h>
#include <torch/version.h>

#include "binding/engine_object.h"
#include "engine/device.h"

namespace {

Napi::Value device_info(const Napi::CallbackInfo& info) {
  auto object = Napi::Object::New(info.Env());
  object["libtorch"] = Napi::String::New(info.Env(), TORCH_VERSION);
  object["cudaDevices"] = Napi::Number::New(info.Env(), gp::cuda_device_count());
  object["threads"] = Napi::Number::New(info.Env(), at::get_num_threads());
  return object;
}

Napi::Object initialise(Napi::Env env, Napi::Object exports) {
  exports["Engine"] = gp::binding::EngineObject::define(env);
  exports["deviceInfo"] = Napi::Function::New(env, device_info, "deviceInfo");
  return exports;
}

}  // namespace

NODE_API_MODULE(globalpointer, initialise)
