#include "ops/cuda_ops.h"
#include "ops/dropout.h"
#include "ops/rope.h"
#include "ops/span_loss.h"

namespace gp {

extern const CudaOps kCudaOps;
const CudaOps kCudaOps = {dropout_cuda,      rope_cuda,      residual_norm_cuda,
                          feed_forward_cuda, span_loss_cuda, span_decode_cuda};

}  // namespace gp
