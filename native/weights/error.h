#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace gp {

/**
 * A weight file that cannot be read or written. The message is one sentence: the file, the fault, the
 * remedy.
 */
class WeightError : public std::runtime_error {
 public:
  WeightError(const char* code, const std::string& message) : std::runtime_error(message), code_(code) {}

  /** A stable word: BAD_WEIGHTS (the content), BAD_SHAPE, OUTPUT (writing failed) or OUT_OF_MEMORY. */
  const char* code() const noexcept { return code_; }

 private:
  const char* code_;
};

}  // namespace gp

namespace gp::weights {

/**
 * A fault found by a part that sees bytes but not the file they came from. The functions that take a path
 * turn it into a WeightError.
 */
class Flaw : public std::runtime_error {
 public:
  explicit Flaw(const std::string& fault)
      : Flaw(fault, "the file is damaged or incomplete, so copy or download it again") {}
  Flaw(const std::string& fault, std::string remedy)
      : std::runtime_error(fault), remedy_(std::move(remedy)) {}

  const std::string& remedy() const noexcept { return remedy_; }

 private:
  std::string remedy_;
};

/** A call of the operating system that failed while a file was written. */
class OutputFlaw : public Flaw {
 public:
  using Flaw::Flaw;
};

/** Call it in a catch block only: throws the exception in flight again, as a WeightError that names `path`.
 */
[[noreturn]] void rethrow_with_path(const std::string& path);

/** Text from a file, fit for a message: in quotes, at most 120 bytes long, without control characters. */
std::string in_quotes(std::string_view text);

/** "1 entry", "2 entries": counts read better with their noun. */
std::string counted(std::uint64_t count, std::string_view singular, std::string_view plural);

/** The text of an errno value. */
std::string system_message(int error_number);

}  // namespace gp::weights
