#include "engine/error.h"

#include <c10/util/Exception.h>

#include <new>

#include "weights/error.h"

namespace gp {
namespace {

bool contains(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

/** LibTorch reports many things as one type; its CPU allocator and its CUDA checks are told by their words.
 */
Failure describe_libtorch_error(const std::string& message) {
  const std::string first_line = message.substr(0, message.find('\n'));
  if (contains(message, "allocate memory") || contains(message, "out of memory") ||
      contains(message, "STATUS_ALLOC_FAILED")) {
    return {"OUT_OF_MEMORY",
            "Out of memory: lower the batch size or the length of sequences (" + first_line + ")."};
  }
  if (contains(message, "CUDA")) return {"DEVICE", "The CUDA device failed: " + first_line};
  return {"INTERNAL", first_line};
}

}  // namespace

Failure describe_current_exception() {
  try {
    throw;
  } catch (const Error& error) {
    return {error.code(), error.what()};
  } catch (const WeightError& error) {
    return {error.code(), error.what()};
  } catch (const c10::Error& error) {
    return describe_libtorch_error(error.what_without_backtrace());
  } catch (const std::bad_alloc&) {
    return {"OUT_OF_MEMORY", "Out of memory: lower the batch size or the length of sequences."};
  } catch (const std::exception& error) {
    return describe_libtorch_error(error.what());
  } catch (...) {
    return {"INTERNAL", "The engine met a failure of unknown kind."};
  }
}

}  // namespace gp
