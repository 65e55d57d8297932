#include "ops/random_mask.h"

#include <algorithm>
#include <cmath>

#include "ops/simd.h"

namespace gp {
namespace {

// Sixteen Philox counters side by side fill vector registers; each gives 4 words = 8 halves: 128 values a
// round.
constexpr int kLanes = 16;
constexpr int kValuesPerRound = kLanes * 8;

/** Philox 4x32-10 of the counters {block * kLanes + lane, 0, part, draw}; 16-bit halves go to `halves`. */
__attribute__((always_inline)) inline void philox_block(uint64_t seed, uint64_t draw, uint32_t part,
                                                        uint32_t block, uint16_t* halves) {
  uint32_t c0[kLanes], c1[kLanes], c2[kLanes], c3[kLanes];
  for (int lane = 0; lane < kLanes; ++lane) {
    c0[lane] = block * kLanes + static_cast<uint32_t>(lane);
    c1[lane] = static_cast<uint32_t>(draw >> 32);
    c2[lane] = part;
    c3[lane] = static_cast<uint32_t>(draw);
  }
  auto k0 = static_cast<uint32_t>(seed);
  auto k1 = static_cast<uint32_t>(seed >> 32);
  for (int round = 0; round < 10; ++round) {
#pragma omp simd
    for (int lane = 0; lane < kLanes; ++lane) {
      const uint64_t p0 = static_cast<uint64_t>(c0[lane]) * 0xD2511F53U;
      const uint64_t p1 = static_cast<uint64_t>(c2[lane]) * 0xCD9E8D57U;
      const uint32_t n0 = static_cast<uint32_t>(p1 >> 32) ^ c1[lane] ^ k0;
      const uint32_t n2 = static_cast<uint32_t>(p0 >> 32) ^ c3[lane] ^ k1;
      c1[lane] = static_cast<uint32_t>(p1);
      c3[lane] = static_cast<uint32_t>(p0);
      c0[lane] = n0;
      c2[lane] = n2;
    }
    k0 += 0x9E3779B9U;
    k1 += 0xBB67AE85U;
  }
  for (int lane = 0; lane < kLanes; ++lane) {
    halves[lane + 0 * kLanes] = static_cast<uint16_t>(c0[lane]);
    halves[lane + 1 * kLanes] = static_cast<uint16_t>(c0[lane] >> 16);
    halves[lane + 2 * kLanes] = static_cast<uint16_t>(c1[lane]);
    halves[lane + 3 * kLanes] = static_cast<uint16_t>(c1[lane] >> 16);
    halves[lane + 4 * kLanes] = static_cast<uint16_t>(c2[lane]);
    halves[lane + 5 * kLanes] = static_cast<uint16_t>(c2[lane] >> 16);
    halves[lane + 6 * kLanes] = static_cast<uint16_t>(c3[lane]);
    halves[lane + 7 * kLanes] = static_cast<uint16_t>(c3[lane] >> 16);
  }
}

template <typename T>
__attribute__((always_inline)) inline void fill(const MaskKey& key, uint32_t part, double p, int64_t first,
                                                int64_t count, T* out) {
  const double rounded = std::nearbyint(p * 65536.0);
  const auto dropped = static_cast<uint32_t>(std::min(rounded, 65535.0));
  const T kept = static_cast<T>(65536.0 / (65536.0 - static_cast<double>(dropped)));
  uint16_t halves[kValuesPerRound];
  auto block = static_cast<uint32_t>(first / kValuesPerRound);
  int64_t skipped = first % kValuesPerRound;  // of the first block
  for (int64_t done = 0; done < count; ++block) {
    philox_block(key.seed, key.draw, part, block, halves);
    const int64_t here = std::min<int64_t>(kValuesPerRound - skipped, count - done);
    for (int64_t i = 0; i < here; ++i) out[done + i] = halves[skipped + i] < dropped ? T(0) : kept;
    done += here;
    skipped = 0;
  }
}

}  // namespace

GP_MULTIVERSION void fill_mask(const MaskKey& key, uint32_t part, double p, float* out, int64_t count) {
  fill(key, part, p, 0, count, out);
}

void fill_mask(const MaskKey& key, uint32_t part, double p, double* out, int64_t count) {
  fill(key, part, p, 0, count, out);
}

GP_MULTIVERSION void fill_mask_from(const MaskKey& key, uint32_t part, double p, int64_t first, int64_t count,
                                    float* out) {
  fill(key, part, p, first, count, out);
}

}  // namespace gp
