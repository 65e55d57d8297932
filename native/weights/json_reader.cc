#include "weights/json_reader.h"

#include <charconv>
#include <utility>

#include "weights/error.h"
#include "weights/utf8.h"

namespace gp::weights {
namespace {

std::string encode_utf8(std::uint32_t point) {
  const auto tail = [point](int shift) { return static_cast<char>(0x80 | (point >> shift & 0x3f)); };
  if (point < 0x80) return {static_cast<char>(point)};
  if (point < 0x800) return {static_cast<char>(0xc0 | point >> 6), tail(0)};
  if (point < 0x10000) return {static_cast<char>(0xe0 | point >> 12), tail(6), tail(0)};
  return {static_cast<char>(0xf0 | point >> 18), tail(12), tail(6), tail(0)};
}

constexpr std::uint32_t kHighSurrogate = 0xd800;
constexpr std::uint32_t kLowSurrogate = 0xdc00;
constexpr std::uint32_t kAfterSurrogates = 0xe000;

}  // namespace

JsonReader::JsonReader(std::string_view text, std::string part) : text_(text), part_(std::move(part)) {}

void JsonReader::fail(const std::string& fault) const {
  throw Flaw(part_ + " has " + fault + " at byte " + std::to_string(at_));
}

void JsonReader::skip_space() {
  const std::size_t next = text_.find_first_not_of(" \t\n\r", at_);
  at_ = next == std::string_view::npos ? text_.size() : next;
}

bool JsonReader::accept(char c) {
  skip_space();
  if (at_ == text_.size() || text_[at_] != c) return false;
  ++at_;
  return true;
}

void JsonReader::expect(char c) {
  if (accept(c)) return;
  fail("no " + std::string(1, c) + " where one belongs");
}

std::string JsonReader::string() {
  expect('"');
  std::string content;
  while (true) {
    const std::size_t run_end = text_.find_first_of("\"\\", at_);
    if (run_end == std::string_view::npos) fail("a string without its closing quote");
    const std::string_view run = text_.substr(at_, run_end - at_);
    for (const char c : run) {
      if (static_cast<unsigned char>(c) < 0x20) fail("a control character in the string");
    }
    if (!is_utf8(run)) fail("a string that is not UTF-8");
    content += run;
    at_ = run_end + 1;
    if (text_[run_end] == '"') return content;
    content += escape();
  }
}

std::string JsonReader::escape() {
  if (at_ == text_.size()) fail("an escape cut short");
  const char kind = text_[at_++];
  switch (kind) {
    case '"':
    case '\\':
    case '/':
      return {kind};
    case 'b':
      return "\b";
    case 'f':
      return "\f";
    case 'n':
      return "\n";
    case 'r':
      return "\r";
    case 't':
      return "\t";
    case 'u':
      break;
    default:
      fail("an unknown escape");
  }
  std::uint32_t point = four_hex_digits();
  if (point >= kLowSurrogate && point < kAfterSurrogates) fail("half a surrogate pair");
  if (point >= kHighSurrogate && point < kLowSurrogate) {
    if (text_.substr(at_, 2) != "\\u") fail("half a surrogate pair");
    at_ += 2;
    const std::uint32_t low = four_hex_digits();
    if (low < kLowSurrogate || low >= kAfterSurrogates) fail("half a surrogate pair");
    point = 0x10000 + ((point - kHighSurrogate) << 10) + (low - kLowSurrogate);
  }
  return encode_utf8(point);
}

std::uint32_t JsonReader::four_hex_digits() {
  const std::string_view digits = text_.substr(at_, 4);
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
  if (digits.size() != 4 || error != std::errc{} || end != digits.data() + 4) fail("a malformed \\u escape");
  at_ += 4;
  return value;
}

std::int64_t JsonReader::whole_number() {
  skip_space();
  const std::string_view rest = text_.substr(at_);
  const std::string_view digits = rest.substr(0, rest.find_first_not_of("0123456789"));
  if (digits.empty()) fail("something else where a whole number from 0 up belongs");
  if (digits.size() > 1 && digits[0] == '0') fail("a number with a leading zero");
  const char after = digits.size() < rest.size() ? rest[digits.size()] : ' ';
  if (after == '.' || after == 'e' || after == 'E') fail("a number that is not whole");
  std::int64_t value = 0;
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (parsed.ec != std::errc{}) fail("a number that is too large");
  at_ += digits.size();
  return value;
}

void JsonReader::finish() {
  skip_space();
  if (at_ != text_.size()) fail("something after its closing brace");
}

std::string json_string(std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string json = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      json += {'\\', c};
    } else if (byte < 0x20) {
      json += "\\u00";
      json += {kHex[byte >> 4], kHex[byte & 15]};
    } else {
      json += c;
    }
  }
  return json + "\"";
}

}  // namespace gp::weights
