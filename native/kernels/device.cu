#include "kernels/cuda.h"
#include "kernels/device.h"

namespace gp::kernels {

int compute_capability(int device) {
#ifdef GP_CUDA_ON_CPU
  static_cast<void>(device);
  return 80;
#else
  // Asked for each operation: CUDA answers from a table.
  int major = 0, minor = 0;
  const bool told =
      cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, device) == cudaSuccess &&
      cudaDeviceGetAttribute(&minor, cudaDevAttrComputeCapabilityMinor, device) == cudaSuccess;
  return told ? 10 * major + minor : 0;
#endif
}

}  // namespace gp::kernels
