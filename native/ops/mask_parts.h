#pragma once

#include <algorithm>
#include <cstdint>

#include "ops/random_mask.h"

namespace gp {

/** Elements per part of a dropout mask over a whole tensor: fixed, so that the mask does not depend on
 * threads. */
inline constexpr int64_t kMaskPart = 4096;

/** Writes the mask of `count` elements of a tensor, from its element `begin` on. */
inline void fill_mask_range(const MaskKey& key, double p, int64_t begin, int64_t count, float* mask) {
  for (int64_t done = 0; done < count;) {
    const int64_t at = begin + done, first = at % kMaskPart;
    const int64_t here = std::min(kMaskPart - first, count - done);
    fill_mask_from(key, static_cast<uint32_t>(at / kMaskPart), p, first, here, mask + done);
    done += here;
  }
}

}  // namespace gp
