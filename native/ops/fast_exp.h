#pragma once

#include <cstdint>
#include <cstring>

namespace gp {

/**
 * e^x for x <= 88, relative error below 3e-7: x = n ln2 + r with |r| <= ln2 / 2, e^r by its Taylor
 * polynomial, 2^n written into the exponent bits. Free of branches, so that the compiler vectorises the loops
 * around it.
 */
__attribute__((always_inline)) inline float fast_exp(float x) {
  constexpr float kLog2E = 1.44269504088896341F;
  // ln2 in two parts, the first exact in few bits: keeps r accurate.
  constexpr float kLn2High = 0.693359375F;
  constexpr float kLn2Low = -2.12194440e-4F;
  constexpr float kLowest = -87.0F;  // below this e^x leaves the normal range: taken as 0
  const float clamped = x < kLowest ? kLowest : x;
  // Adding and taking away 1.5 * 2^23 rounds to the nearest whole number.
  constexpr float kRound = 12582912.0F;
  const float n = (clamped * kLog2E + kRound) - kRound;
  const float r = (clamped - n * kLn2High) - n * kLn2Low;
  float p = 1.0F / 5040.0F;
  p = p * r + 1.0F / 720.0F;
  p = p * r + 1.0F / 120.0F;
  p = p * r + 1.0F / 24.0F;
  p = p * r + 1.0F / 6.0F;
  p = p * r + 0.5F;
  p = p * r + 1.0F;
  p = p * r + 1.0F;
  const int32_t exponent = (static_cast<int32_t>(n) + 127) << 23;
  float power;
  std::memcpy(&power, &exponent, sizeof(power));
  return x < kLowest ? 0.0F : p * power;
}

}  // namespace gp
