#include "ops/cuda_call.h"

#ifndef GP_CUDA_ON_CPU
#include <c10/cuda/CUDAStream.h>
#endif

namespace gp {

kernels::Stream stream_of([[maybe_unused]] const at::Tensor& tensor) {
#ifdef GP_CUDA_ON_CPU
  return nullptr;
#else
  return c10::cuda::getCurrentCUDAStream(tensor.device().index()).stream();
#endif
}

}  // namespace gp
