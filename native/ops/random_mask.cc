#include "ops/random_mask.h"

#include <algorithm>
#include <cmath>

#include "ops/simd.h"

#if defined(__x86_64__) && defined(__GNUC__)
#define GP_REGISTER_MASKS
#include <immintrin.h>
#endif

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

using Threshold = DropoutThreshold;

template <typename T>
__attribute__((always_inline)) inline void fill(const MaskKey& key, uint32_t part, const Threshold& threshold,
                                                int64_t first, int64_t count, T* out) {
  const T kept = static_cast<T>(threshold.kept);
  uint16_t halves[kValuesPerRound];
  auto block = static_cast<uint32_t>(first / kValuesPerRound);
  int64_t skipped = first % kValuesPerRound;  // of the first block
  for (int64_t done = 0; done < count; ++block) {
    philox_block(key.seed, key.draw, part, block, halves);
    const int64_t here = std::min<int64_t>(kValuesPerRound - skipped, count - done);
    for (int64_t i = 0; i < here; ++i) out[done + i] = halves[skipped + i] < threshold.dropped ? T(0) : kept;
    done += here;
    skipped = 0;
  }
}

GP_MULTIVERSION void fill_plain(const MaskKey& key, uint32_t part, const Threshold& threshold, int64_t first,
                                int64_t count, float* out) {
  fill(key, part, threshold, first, count, out);
}

#ifdef GP_REGISTER_MASKS
/**
 * One block's 128 values. Words stand in the lower halves of 64-bit lanes, where multiplications want them;
 * what products leave in the upper halves is never looked at.
 */
__attribute__((target("avx512f"), always_inline)) inline void fill_block_avx512(const MaskKey& key,
                                                                                uint32_t part, uint32_t block,
                                                                                const Threshold& threshold,
                                                                                float* out) {
  constexpr int kGroups = 2;  // of eight lanes
  const __m512i m0 = _mm512_set1_epi64(0xD2511F53), m1 = _mm512_set1_epi64(0xCD9E8D57);
  __m512i c0[kGroups], c1[kGroups], c2[kGroups], c3[kGroups];
  for (int g = 0; g < kGroups; ++g) {
    c0[g] = _mm512_add_epi64(_mm512_set1_epi64(int64_t{block * uint32_t{kLanes}} + 8 * g),
                             _mm512_set_epi64(7, 6, 5, 4, 3, 2, 1, 0));
    c1[g] = _mm512_set1_epi64(static_cast<int64_t>(key.draw >> 32));
    c2[g] = _mm512_set1_epi64(int64_t{part});
    c3[g] = _mm512_set1_epi64(static_cast<int64_t>(key.draw & 0xFFFFFFFFU));
  }
  auto k0 = static_cast<uint32_t>(key.seed), k1 = static_cast<uint32_t>(key.seed >> 32);
  for (int round = 0; round < 10; ++round) {
    const __m512i key0 = _mm512_set1_epi64(int64_t{k0}), key1 = _mm512_set1_epi64(int64_t{k1});
    for (int g = 0; g < kGroups; ++g) {
      const __m512i p0 = _mm512_mul_epu32(c0[g], m0), p1 = _mm512_mul_epu32(c2[g], m1);
      c0[g] = _mm512_xor_si512(_mm512_xor_si512(_mm512_srli_epi64(p1, 32), c1[g]), key0);
      c2[g] = _mm512_xor_si512(_mm512_xor_si512(_mm512_srli_epi64(p0, 32), c3[g]), key1);
      c1[g] = p1;
      c3[g] = p0;
    }
    k0 += 0x9E3779B9U;
    k1 += 0xBB67AE85U;
  }
  const __m512i dropped = _mm512_set1_epi32(static_cast<int32_t>(threshold.dropped));
  const __m512 kept = _mm512_set1_ps(static_cast<float>(threshold.kept));
  const auto store = [&](const __m512i* words, int which) __attribute__((target("avx512f"), always_inline)) {
    const __m512i all = _mm512_inserti64x4(_mm512_castsi256_si512(_mm512_cvtepi64_epi32(words[0])),
                                           _mm512_cvtepi64_epi32(words[1]), 1);
    const __m512i lower = _mm512_and_si512(all, _mm512_set1_epi32(0xFFFF)),
                  upper = _mm512_srli_epi32(all, 16);
    _mm512_storeu_ps(out + which * 2 * kLanes,
                     _mm512_maskz_mov_ps(_mm512_cmpge_epu32_mask(lower, dropped), kept));
    _mm512_storeu_ps(out + (which * 2 + 1) * kLanes,
                     _mm512_maskz_mov_ps(_mm512_cmpge_epu32_mask(upper, dropped), kept));
  };
  store(c0, 0);
  store(c1, 1);
  store(c2, 2);
  store(c3, 3);
}

__attribute__((target("avx512f"))) void fill_avx512(const MaskKey& key, uint32_t part,
                                                    const Threshold& threshold, int64_t first, int64_t count,
                                                    float* out) {
  auto block = static_cast<uint32_t>(first / kValuesPerRound);
  int64_t skipped = first % kValuesPerRound;  // of the first block
  for (int64_t done = 0; done < count; ++block) {
    const int64_t here = std::min<int64_t>(kValuesPerRound - skipped, count - done);
    if (here == kValuesPerRound) {
      fill_block_avx512(key, part, block, threshold, out + done);
    } else {
      float whole[kValuesPerRound];
      fill_block_avx512(key, part, block, threshold, whole);
      std::copy_n(whole + skipped, here, out + done);
    }
    done += here;
    skipped = 0;
  }
}
#endif

}  // namespace

DropoutThreshold::DropoutThreshold(double p)
    : dropped(static_cast<uint32_t>(std::min(std::nearbyint(p * 65536.0), 65535.0))),
      kept(65536.0 / (65536.0 - static_cast<double>(dropped))) {}

void fill_mask_from(const MaskKey& key, uint32_t part, double p, int64_t first, int64_t count, float* out) {
#ifdef GP_REGISTER_MASKS
  static const bool by_registers = __builtin_cpu_supports("avx512f");
  if (by_registers) return fill_avx512(key, part, Threshold(p), first, count, out);
#endif
  fill_plain(key, part, Threshold(p), first, count, out);
}

void fill_mask(const MaskKey& key, uint32_t part, double p, float* out, int64_t count) {
  fill_mask_from(key, part, p, 0, count, out);
}

void fill_mask(const MaskKey& key, uint32_t part, double p, double* out, int64_t count) {
  fill(key, part, Threshold(p), 0, count, out);
}

}  // namespace gp
