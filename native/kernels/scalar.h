#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

#include "kernels/cuda.h"

namespace gp::kernels {

/** A number of 8 bits of exponent and 8 of significand: the upper half of a float. */
struct Bfloat16 {
  uint16_t bits;
};

/** What numbers that are stored as `Storage` are computed in. */
template <typename Storage>
struct RealOf {
  using type = Storage;
};
template <>
struct RealOf<Bfloat16> {
  using type = float;
};
template <typename Storage>
using Real = typename RealOf<Storage>::type;

__host__ __device__ inline float bits_to_float(uint32_t bits) {
  float value;
  memcpy(&value, &bits, sizeof(value));
  return value;
}

__host__ __device__ inline uint32_t float_to_bits(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof(bits));
  return bits;
}

__host__ __device__ inline float load(float stored) { return stored; }
__host__ __device__ inline double load(double stored) { return stored; }
__host__ __device__ inline float load(Bfloat16 stored) { return bits_to_float(uint32_t{stored.bits} << 16); }

/** To the nearest, ties to even; what is not a number stays so. */
__host__ __device__ inline Bfloat16 rounded_to_bfloat16(float value) {
  const uint32_t bits = float_to_bits(value);
  if ((bits & 0x7FFFFFFFU) > 0x7F800000U) return {static_cast<uint16_t>((bits >> 16) | 0x40U)};
  return {static_cast<uint16_t>((bits + 0x7FFFU + ((bits >> 16) & 1U)) >> 16)};
}

template <typename Storage>
struct Stored {
  __host__ __device__ static Storage of(Storage value) { return value; }
};
template <>
struct Stored<Bfloat16> {
  __host__ __device__ static Bfloat16 of(float value) { return rounded_to_bfloat16(value); }
};

/** The value as it is stored. */
template <typename Storage>
__host__ __device__ inline Storage stored(Real<Storage> value) {
  return Stored<Storage>::of(value);
}

// One name for both widths: CUDA's and the C++ library's overloads differ in where they are found.
__device__ inline float exp_of(float x) { return expf(x); }
__device__ inline double exp_of(double x) { return exp(x); }
__device__ inline float tanh_of(float x) { return tanhf(x); }
__device__ inline double tanh_of(double x) { return tanh(x); }
__device__ inline float erf_of(float x) { return erff(x); }
__device__ inline double erf_of(double x) { return erf(x); }
__device__ inline float root_of(float x) { return sqrtf(x); }
__device__ inline double root_of(double x) { return sqrt(x); }
/** The larger one; what is not a number is passed over. */
__device__ inline float larger(float a, float b) { return fmaxf(a, b); }
__device__ inline double larger(double a, double b) { return fmax(a, b); }

#if defined(__CUDACC__) || defined(GP_CUDA_ON_CPU)

/** Sum over the lanes of a warp, the same in each. */
template <typename T>
__device__ inline T warp_sum(T value) {
  for (unsigned lane = kWarp / 2; lane > 0; lane /= 2) value += __shfl_xor_sync(kWholeWarp, value, lane);
  return value;
}

template <typename T>
__device__ inline T warp_max(T value) {
  for (unsigned lane = kWarp / 2; lane > 0; lane /= 2)
    value = larger(value, __shfl_xor_sync(kWholeWarp, value, lane));
  return value;
}

#endif

}  // namespace gp::kernels
