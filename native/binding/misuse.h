#pragma once

#include <napi.h>

#include <sstream>
#include <string>

// How misuse is told: with the class of error that JavaScript has for it.
namespace gp::binding {

[[noreturn]] inline void throw_type_error(Napi::Env env, const std::string& message) {
  throw Napi::TypeError::New(env, message);
}

[[noreturn]] inline void throw_range_error(Napi::Env env, const std::string& message) {
  throw Napi::RangeError::New(env, message);
}

/** The parts, one after the other. */
template <typename... Parts>
std::string text(const Parts&... parts) {
  std::ostringstream stream;
  (stream << ... << parts);
  return stream.str();
}

}  // namespace gp::binding
