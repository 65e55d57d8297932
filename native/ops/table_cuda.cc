#include "kernels/device.h"
#include "ops/cuda_ops.h"
#include "ops/dropout.h"
#include "ops/rope.h"
#include "ops/span_loss.h"

namespace gp {

std::unique_ptr<DeviceGraph> make_device_graph();

namespace {

bool run_on(int device) { return kernels::compute_capability(device) >= 80; }

}  // namespace

extern const CudaOps kCudaOps;
const CudaOps kCudaOps = {dropout_cuda,   rope_cuda,        residual_norm_cuda, feed_forward_cuda,
                          span_loss_cuda, span_decode_cuda, make_device_graph,  run_on};

}  // namespace gp
