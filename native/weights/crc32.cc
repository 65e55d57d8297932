#include "weights/crc32.h"

#include <array>
#include <bit>
#include <cstddef>
#include <cstring>

namespace gp::weights {
namespace {

// Eight bytes a step. kTables[k][b] is what byte b does to the checksum when k more bytes follow it in the
// step.
constexpr std::size_t kStep = 8;
using Tables = std::array<std::array<std::uint32_t, 256>, kStep>;

constexpr Tables make_tables() {
  Tables tables{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t sum = byte;
    for (int bit = 0; bit < 8; ++bit) sum = sum >> 1 ^ ((sum & 1) != 0 ? 0xedb88320u : 0);
    tables[0][byte] = sum;
  }
  for (std::size_t following = 1; following < kStep; ++following) {
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const std::uint32_t before = tables[following - 1][byte];
      tables[following][byte] = before >> 8 ^ tables[0][before & 0xff];
    }
  }
  return tables;
}

constexpr Tables kTables = make_tables();

}  // namespace

std::uint32_t crc32(std::string_view bytes) {
  static_assert(std::endian::native == std::endian::little);
  std::uint32_t sum = ~std::uint32_t{0};
  while (bytes.size() >= kStep) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data(), kStep);
    word ^= sum;
    sum = 0;
    for (std::size_t i = 0; i < kStep; ++i) sum ^= kTables[kStep - 1 - i][word >> 8 * i & 0xff];
    bytes.remove_prefix(kStep);
  }
  for (const char c : bytes) sum = sum >> 8 ^ kTables[0][(sum ^ static_cast<unsigned char>(c)) & 0xff];
  return ~sum;
}

}  // namespace gp::weights
