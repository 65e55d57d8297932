#include "binding/arguments.h"

#include <algorithm>
#include <cmath>

#include "binding/misuse.h"

namespace gp::binding {

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

std::string choice_property(const Napi::Object& object, const char* key,
                            const std::vector<std::string>& choices) {
  const std::string value = string_property(object, key);
  if (std::find(choices.begin(), choices.end(), value) != choices.end()) return value;
  std::string listed;
  for (size_t i = 0; i < choices.size(); ++i)
    listed += (i == 0 ? "" : i + 1 == choices.size() ? " or " : ", ") + choices[i];
  throw_range_error(object.Env(), text(key, " must be ", listed, ", but is ", value, "."));
}

}  // namespace gp::binding
