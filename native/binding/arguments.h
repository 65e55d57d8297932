#pragma once

#include <napi.h>

#include <string>
#include <vector>

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

/** One of a few words. */
std::string choice_property(const Napi::Object& object, const char* key,
                            const std::vector<std::string>& choices);

}  // namespace gp::binding
