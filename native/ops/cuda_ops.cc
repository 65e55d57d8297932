#include "ops/cuda_ops.h"

#include <atomic>

#include "ops/dispatch.h"

namespace gp {

#ifdef GP_CUDA_KERNELS
extern const CudaOps kCudaOps;
#endif

namespace {

std::atomic<const CudaOps*> of_cpu = nullptr;

}  // namespace

const CudaOps* cuda_ops_for(const at::Tensor& tensor) {
  if (reference_ops_forced()) return nullptr;
#ifdef GP_CUDA_KERNELS
  if (tensor.is_cuda()) return kCudaOps.run_on(tensor.device().index()) ? &kCudaOps : nullptr;
#endif
  return tensor.is_cpu() ? of_cpu.load() : nullptr;
}

bool has_matrix_units([[maybe_unused]] const at::Device& device) {
#ifdef GP_CUDA_KERNELS
  return kCudaOps.run_on(device.index());
#else
  return true;
#endif
}

bool takes_cuda_path(const at::Tensor& tensor) {
  return !reference_ops_forced() && (tensor.is_cuda() || (tensor.is_cpu() && of_cpu.load() != nullptr));
}

void take_cuda_path_on_cpu(const CudaOps* kernels) { of_cpu.store(kernels); }

}  // namespace gp
