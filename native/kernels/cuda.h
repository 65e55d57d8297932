#pragma once

// What kernels need of CUDA. It is CUDA's own; but for the checks it is what stands beside them
// (test/native/cuda_on_cpu), which runs the very same kernels, compiled as C++, on the processor.
#ifdef GP_CUDA_ON_CPU
#include "cuda_on_cpu.h"
#else
#include <cuda_runtime.h>
#endif

/** Before a loop: for nvcc to unroll, whole or so many times. */
#ifdef __CUDACC__
#define GP_PRAGMA(text) _Pragma(#text)
#define GP_UNROLL GP_PRAGMA(unroll)
#define GP_UNROLL_BY(times) GP_PRAGMA(unroll times)
#else
#define GP_UNROLL
#define GP_UNROLL_BY(times)
#endif

#include <cstddef>
#include <stdexcept>
#include <string>

namespace gp::kernels {

using Stream = cudaStream_t;

inline constexpr unsigned kWarp = 32;
inline constexpr unsigned kWholeWarp = 0xFFFFFFFFU;

// What follows is for kernels themselves: nvcc compiles it, or the C++ compiler for the checks.
#if defined(__CUDACC__) || defined(GP_CUDA_ON_CPU)

/** The block's dynamic shared memory. */
template <typename T>
__device__ inline T* shared_memory() {
#ifdef __CUDACC__
  extern __shared__ double2 gp_shared_memory[];
  return reinterpret_cast<T*>(gp_shared_memory);
#else
  return static_cast<T*>(cuda_on_cpu::shared_memory());
#endif
}

inline void require_success(cudaError_t status, const char* what) {
  if (status == cudaSuccess) return;
  throw std::runtime_error(std::string("CUDA could not ") + what + ": " + cudaGetErrorString(status));
}

/** Starts a kernel on the stream. @throws std::runtime_error when it cannot be started */
template <typename... Parameters, typename... Arguments>
void launch(void (*kernel)(Parameters...), dim3 grid, unsigned threads, size_t shared_bytes, Stream stream,
            Arguments... arguments) {
  if (grid.x == 0 || grid.y == 0 || grid.z == 0) return;
#ifdef __CUDACC__
  constexpr size_t kWithoutAsking = 48 << 10;
  if (shared_bytes > kWithoutAsking) {
    require_success(
        cudaFuncSetAttribute(reinterpret_cast<const void*>(kernel),
                             cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(shared_bytes)),
        "give a kernel the shared memory that it needs");
  }
  kernel<<<grid, threads, shared_bytes, stream>>>(static_cast<Parameters>(arguments)...);
  require_success(cudaGetLastError(), "start a kernel");
#else
  static_cast<void>(stream);
  cuda_on_cpu::run(grid, threads, shared_bytes, [&] { kernel(static_cast<Parameters>(arguments)...); });
#endif
}

#endif

}  // namespace gp::kernels
