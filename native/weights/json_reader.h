#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace gp::weights {

/**
 * Reads JSON (RFC 8259) from front to back into what the caller expects next, and builds no tree: memory is
 * never more than one string, whatever the text holds. Anything else than what is expected throws Flaw with
 * the place.
 */
class JsonReader {
 public:
  /** `part` names the text in messages ("the header"). */
  JsonReader(std::string_view text, std::string part);

  /** Calls `member(key)` for each member; it must read the value. */
  template <typename Member>
  void object(Member&& member) {
    expect('{');
    if (accept('}')) return;
    do {
      const std::string key = string();
      expect(':');
      member(key);
    } while (accept(','));
    expect('}');
  }

  /** Calls `element()` for each element; it must read the value. */
  template <typename Element>
  void array(Element&& element) {
    expect('[');
    if (accept(']')) return;
    do {
      element();
    } while (accept(','));
    expect(']');
  }

  /** A string, its escapes resolved; always UTF-8. */
  std::string string();

  /** A whole number from 0 to 2^63 - 1, written without sign, fraction or exponent. */
  std::int64_t whole_number();

  /** Throws unless nothing but white space follows. */
  void finish();

 private:
  void skip_space();
  bool accept(char c);
  void expect(char c);
  std::string escape();
  std::uint32_t four_hex_digits();
  [[noreturn]] void fail(const std::string& fault) const;

  std::string_view text_;
  std::string part_;
  std::size_t at_ = 0;
};

/** `text` (UTF-8) as a JSON string with its quotes. */
std::string json_string(std::string_view text);

}  // namespace gp::weights
