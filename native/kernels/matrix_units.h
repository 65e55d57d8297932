#pragma once

#include "kernels/scalar.h"

namespace gp::kernels {

/** Two neighbours in one register, the first in its lower half. */
__device__ inline uint32_t packed_pair(Bfloat16 first, Bfloat16 second) {
  return static_cast<uint32_t>(first.bits) | static_cast<uint32_t>(second.bits) << 16;
}

__device__ inline uint32_t packed_pair(float first, float second) {
  return packed_pair(rounded_to_bfloat16(first), rounded_to_bfloat16(second));
}

/**
 * C[16, 8] += A[16, 16] B[16, 8] of bfloat16 numbers, summed in single precision, by one warp (PTX ISA,
 * mma.m16n8k16). With g = lane / 4 and t = lane % 4 a lane holds a: (g, 2t..), (g + 8, 2t..), (g, 2t + 8..),
 * (g + 8, 2t + 8..), each a pair along the row; b: (2t.., g), (2t + 8.., g), each a pair along the column; c:
 * (g, 2t), (g, 2t + 1), (g + 8, 2t), (g + 8, 2t + 1).
 */
__device__ inline void multiply_add(float (&c)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ < 800
  __trap();  // never started there: see compute_capability
#elif defined(__CUDACC__)
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
      "{%0, %1, %2, %3};"
      : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
#else
  cuda_on_cpu::multiply_add_bfloat16(c, a, b);
#endif
}

}  // namespace gp::kernels
