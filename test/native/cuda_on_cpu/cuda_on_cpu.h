#pragma once

// CUDA's kernel language for a C++ compiler, as much of it as native/kernels uses: every thread of a block is
// a coroutine, and they take turns at barriers. Blocks run one after another. For checks, not for speed.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline
#define __launch_bounds__(...)
// Blocks run one after another on one thread, so what belongs to a block can be static.
#define __shared__ static

struct dim3 {
  unsigned x = 1, y = 1, z = 1;
  constexpr dim3(unsigned x_in = 1, unsigned y_in = 1, unsigned z_in = 1) : x(x_in), y(y_in), z(z_in) {}
};

using cudaStream_t = void*;
using cudaError_t = int;
inline constexpr cudaError_t cudaSuccess = 0;
inline const char* cudaGetErrorString(cudaError_t) { return ""; }

// Of the coroutine that runs at the moment.
extern dim3 threadIdx, blockIdx, blockDim, gridDim;

namespace cuda_on_cpu {

/** The order in which the threads of a block get their turns: what depends on it lacks a barrier. */
enum class Turns { kForward, kBackward };
void set_turns(Turns turns);

/** Runs a kernel. @throws std::logic_error when threads wait at a barrier that others never reach */
void run(dim3 grid, unsigned threads, size_t shared_bytes, const std::function<void()>& kernel);

void* shared_memory();
void block_barrier();
void warp_barrier();
/** Room that lanes of a warp write to for each other, 64 bytes a thread. */
char* slot(unsigned thread);

/** What another lane of the warp hands over. */
template <typename T>
T from_lane(const T& value, unsigned lane) {
  static_assert(sizeof(T) <= 64);
  std::memcpy(slot(threadIdx.x), &value, sizeof(T));
  warp_barrier();
  T result;
  std::memcpy(&result, slot(threadIdx.x / 32 * 32 + lane), sizeof(T));
  warp_barrier();
  return result;
}

}  // namespace cuda_on_cpu

inline void __syncthreads() { cuda_on_cpu::block_barrier(); }
inline void __syncwarp() { cuda_on_cpu::warp_barrier(); }

template <typename T>
T __shfl_xor_sync(unsigned, T value, unsigned lanes) {
  return cuda_on_cpu::from_lane(value, (threadIdx.x % 32) ^ lanes);
}

template <typename T>
T atomicAdd(T* address, T value) {
  const T before = *address;
  *address += value;
  return before;
}

namespace cuda_on_cpu {

/** What mma.m16n8k16 does with pairs of bfloat16 numbers, lane by lane as the PTX ISA has it. */
inline void multiply_add_bfloat16(float (&c)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
  struct Registers {
    uint32_t a[4], b[2];
  };
  Registers own, all[32];
  std::memcpy(own.a, a, sizeof(a));
  std::memcpy(own.b, b, sizeof(b));
  std::memcpy(slot(threadIdx.x), &own, sizeof(own));
  warp_barrier();
  for (unsigned lane = 0; lane < 32; ++lane)
    std::memcpy(&all[lane], slot(threadIdx.x / 32 * 32 + lane), sizeof(own));
  warp_barrier();
  const auto number = [](uint32_t pair, unsigned which) {
    const uint32_t bits = which == 0 ? pair << 16 : pair & 0xFFFF0000U;
    float value;
    std::memcpy(&value, &bits, sizeof(value));
    return value;
  };
  // Where an element of A [16, 16] and of B [16, 8] is held.
  const auto a_at = [&](unsigned row, unsigned k) {
    return number(all[row % 8 * 4 + k % 8 / 2].a[row / 8 + k / 8 * 2], k % 2);
  };
  const auto b_at = [&](unsigned k, unsigned column) {
    return number(all[column * 4 + k % 8 / 2].b[k / 8], k % 2);
  };
  const unsigned lane = threadIdx.x % 32;
  for (unsigned i = 0; i < 4; ++i) {
    const unsigned row = lane / 4 + i / 2 * 8, column = lane % 4 * 2 + i % 2;
    for (unsigned k = 0; k < 16; ++k) c[i] += a_at(row, k) * b_at(k, column);
  }
}

}  // namespace cuda_on_cpu
