#pragma once

#include "kernels/cuda.h"

namespace gp::kernels {

/** Which mask, and with what probability values are dropped: as ops/random_mask.h has it, bit for bit. */
struct DropoutMask {
  uint64_t seed = 0;
  uint64_t draw = 0;
  /** What is added to `draw`, where that is known on the device alone; may be null. */
  const int64_t* first_draw = nullptr;
  /** Of 65536 halves of a random word; 0 for no dropout. */
  uint32_t dropped = 0;
  /** What values that stay are multiplied by. */
  double kept = 1;
};

// A mask's values come in groups of 128: sixteen Philox counters, of eight 16-bit halves each. A lane takes
// one counter and with it the values lane, lane + 16, ... of its group.
inline constexpr int kMaskGroup = 128;
inline constexpr int kMaskLanes = 16;
inline constexpr int kMaskValues = kMaskGroup / kMaskLanes;
/** Groups in a part of a mask over a whole tensor (ops/mask_parts.h). */
inline constexpr int kGroupsOfPart = 4096 / kMaskGroup;

/** The eight halves of one counter (Philox 4x32-10, Salmon et al. 2011). */
struct MaskWords {
  uint32_t words[4];

  __device__ uint32_t half(int which) const { return (words[which / 2] >> (which % 2 * 16)) & 0xFFFFU; }
};

/** @param group number of the group in the whole tensor @param lane 0 to 15 */
__device__ inline MaskWords mask_words(const DropoutMask& mask, int64_t group, int lane) {
  const uint64_t draw =
      mask.draw + (mask.first_draw == nullptr ? 0 : static_cast<uint64_t>(*mask.first_draw));
  uint32_t c0 = static_cast<uint32_t>(group % kGroupsOfPart) * kMaskLanes + static_cast<uint32_t>(lane);
  uint32_t c1 = static_cast<uint32_t>(draw >> 32);
  uint32_t c2 = static_cast<uint32_t>(group / kGroupsOfPart);
  uint32_t c3 = static_cast<uint32_t>(draw);
  uint32_t k0 = static_cast<uint32_t>(mask.seed), k1 = static_cast<uint32_t>(mask.seed >> 32);
  GP_UNROLL
  for (int round = 0; round < 10; ++round) {
    const uint64_t p0 = static_cast<uint64_t>(c0) * 0xD2511F53U, p1 = static_cast<uint64_t>(c2) * 0xCD9E8D57U;
    c0 = static_cast<uint32_t>(p1 >> 32) ^ c1 ^ k0;
    c2 = static_cast<uint32_t>(p0 >> 32) ^ c3 ^ k1;
    c1 = static_cast<uint32_t>(p1);
    c3 = static_cast<uint32_t>(p0);
    k0 += 0x9E3779B9U;
    k1 += 0xBB67AE85U;
  }
  return {{c0, c1, c2, c3}};
}

}  // namespace gp::kernels
