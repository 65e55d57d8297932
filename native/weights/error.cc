#include "weights/error.h"

#include <c10/util/Exception.h>

#include <new>
#include <system_error>

#include "weights/utf8.h"

namespace gp::weights {
namespace {

std::string sentence(const std::string& path, std::string_view fault, std::string_view remedy) {
  return path + ": " + std::string(fault) + "; " + std::string(remedy);
}

WeightError out_of_memory(const std::string& path) {
  return {"OUT_OF_MEMORY", sentence(path, "the weights do not fit into memory",
                                    "close other programs or use a machine with more memory")};
}

std::string_view first_line(std::string_view text) { return text.substr(0, text.find('\n')); }

}  // namespace

void rethrow_with_path(const std::string& path) {
  try {
    throw;
  } catch (const WeightError&) {
    throw;
  } catch (const OutputFlaw& flaw) {
    throw WeightError("OUTPUT", sentence(path, flaw.what(), flaw.remedy()));
  } catch (const Flaw& flaw) {
    throw WeightError("BAD_WEIGHTS", sentence(path, flaw.what(), flaw.remedy()));
  } catch (const std::bad_alloc&) {
    throw out_of_memory(path);
  } catch (const c10::OutOfMemoryError&) {
    throw out_of_memory(path);
  } catch (const c10::Error& error) {
    throw WeightError("BAD_WEIGHTS", sentence(path, first_line(error.what_without_backtrace()),
                                              "check that the file is whole and holds plain tensors"));
  } catch (const std::exception& error) {
    throw WeightError("BAD_WEIGHTS", sentence(path, first_line(error.what()),
                                              "check that the file is whole and holds plain tensors"));
  }
}

std::string in_quotes(std::string_view text) {
  constexpr std::size_t kLongest = 120;
  const bool readable = is_utf8(text);
  std::string shown = "\"";
  for (const char c : text.substr(0, kLongest)) {
    const auto byte = static_cast<unsigned char>(c);
    shown += byte < 0x20 || byte == 0x7f || (byte >= 0x80 && !readable) ? '?' : c;
  }
  if (text.size() > kLongest) {
    // A character that the cut went through would leave bytes that are not UTF-8.
    while (!is_utf8(shown)) shown.pop_back();
    shown += "...";
  }
  return shown + "\"";
}

std::string counted(std::uint64_t count, std::string_view singular, std::string_view plural) {
  return std::to_string(count) + " " + std::string(count == 1 ? singular : plural);
}

std::string system_message(int error_number) { return std::generic_category().message(error_number); }

}  // namespace gp::weights
