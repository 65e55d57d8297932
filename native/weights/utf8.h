#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace gp::weights {

/**
 * Whether all of `text` is UTF-8 as RFC 3629 defines it: no surrogates, no over-long forms, nothing past
 * U+10FFFF.
 */
inline bool is_utf8(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    const auto lead = static_cast<unsigned char>(text[at++]);
    if (lead < 0x80) continue;
    const int following = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
    if (lead < 0xc2 || lead > 0xf4 || text.size() - at < static_cast<std::size_t>(following)) return false;
    std::uint32_t point = lead & (0x3f >> following);
    for (int i = 0; i < following; ++i) {
      const auto byte = static_cast<unsigned char>(text[at++]);
      if ((byte & 0xc0) != 0x80) return false;
      point = point << 6 | (byte & 0x3f);
    }
    constexpr std::uint32_t kSmallest[] = {0, 0x80, 0x800, 0x10000};
    const bool surrogate = point >= 0xd800 && point <= 0xdfff;
    if (point < kSmallest[following] || point > 0x10ffff || surrogate) return false;
  }
  return true;
}

}  // namespace gp::weights
