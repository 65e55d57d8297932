#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include "weights/error.h"

namespace gp::weights {

static_assert(std::endian::native == std::endian::little,
              "weight files are little-endian and viewed in place");

/** Reads little-endian numbers and runs of bytes one after the other, never past the end. */
class ByteCursor {
 public:
  /** `part` names the bytes in messages ("the zip directory"). */
  ByteCursor(std::string_view bytes, std::string part, std::uint64_t position = 0)
      : bytes_(bytes), part_(std::move(part)) {
    skip(position);
  }

  std::size_t position() const { return position_; }
  std::size_t remaining() const { return bytes_.size() - position_; }

  std::string_view take(std::uint64_t count) {
    if (count > remaining()) throw_cut_short();
    const std::string_view taken = bytes_.substr(position_, count);
    position_ += taken.size();
    return taken;
  }

  void skip(std::uint64_t count) { take(count); }

  template <typename Number>
    requires std::integral<Number> || std::floating_point<Number>
  Number read() {
    Number number;
    std::memcpy(&number, take(sizeof number).data(), sizeof number);
    return number;
  }

  /** The bytes up to the next line feed, which is passed over. */
  std::string_view line() {
    const std::size_t end = bytes_.find('\n', position_);
    if (end == std::string_view::npos) throw_cut_short();
    const std::string_view text = take(end - position_);
    skip(1);
    return text;
  }

 private:
  [[noreturn]] void throw_cut_short() const {
    throw Flaw(part_ + " is cut short: it goes on past byte " + std::to_string(bytes_.size()));
  }

  std::string_view bytes_;
  std::string part_;
  std::size_t position_ = 0;
};

}  // namespace gp::weights
