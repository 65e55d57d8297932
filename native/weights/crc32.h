#pragma once

#include <cstdint>
#include <string_view>

namespace gp::weights {

/** The checksum that zip archives carry: CRC-32 with the polynomial 0xEDB88320 (reflected), as in ISO 3309.
 */
std::uint32_t crc32(std::string_view bytes);

}  // namespace gp::weights
