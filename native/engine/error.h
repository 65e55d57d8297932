#pragma once

#include <stdexcept>
#include <string>

namespace gp {

/** A failure with the stable code that JavaScript sees and one clear sentence. */
class Error : public std::runtime_error {
 public:
  Error(std::string code, const std::string& message) : std::runtime_error(message), code_(std::move(code)) {}
  const std::string& code() const { return code_; }

 private:
  std::string code_;
};

/** What is left of any exception at the border: never a C++ backtrace. */
struct Failure {
  std::string code;
  std::string message;
};

/** Describes the exception being handled; to be called inside a catch block. */
Failure describe_current_exception();

}  // namespace gp
