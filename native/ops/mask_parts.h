#pragma once

#include <cstdint>
#include <numeric>

#include "ops/random_mask.h"

namespace gp {

/** Elements per part of a dropout mask over a whole tensor: fixed, so that the mask does not depend on
 * threads. */
inline constexpr int64_t kMaskPart = 4096;

/** The fewest rows of `size` values that fill whole parts of a mask. */
inline int64_t rows_of_whole_parts(int64_t size) { return kMaskPart / std::gcd(size, kMaskPart); }

/** Writes the mask of `count` elements from `begin` on, which is where a part begins. */
template <typename T>
void fill_mask_parts(const MaskKey& key, double p, int64_t begin, int64_t count, T* mask) {
  for (int64_t done = 0; done < count; done += kMaskPart) {
    fill_mask(key, static_cast<uint32_t>((begin + done) / kMaskPart), p, mask + done,
              std::min(kMaskPart, count - done));
  }
}

}  // namespace gp
