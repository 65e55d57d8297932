#include <memory>

#include "ops/cuda_ops.h"
#include "ops/device_graph.h"

#ifndef GP_CUDA_ON_CPU
#include <ATen/cuda/CUDAGraph.h>
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>
#endif

namespace gp {
namespace {

#ifdef GP_CUDA_ON_CPU
/** For checks: nothing is recorded but the function. */
class GraphOnCpu : public DeviceGraph {
 public:
  void record(const std::function<void()>& work) override { work_ = work; }
  void replay() override { work_(); }

 private:
  std::function<void()> work_;
};
#else
class CudaGraph : public DeviceGraph {
 public:
  void record(const std::function<void()>& work) override {
    // Nothing can be recorded on the default stream; cuBLAS keeps memory for each stream, so there is one a
    // thread. What other threads do meanwhile is no business of this graph.
    static thread_local const c10::cuda::CUDAStream of_thread = c10::cuda::getStreamFromPool();
    const c10::cuda::CUDAStreamGuard stream(of_thread);
    // What is cached cannot be given back while a recording is under way.
    c10::cuda::CUDACachingAllocator::emptyCache();
    graph_.capture_begin({0, 0}, cudaStreamCaptureModeThreadLocal);
    try {
      work();
    } catch (...) {
      try {
        graph_.capture_end();  // the stream goes on
      } catch (const std::exception&) {
        // The recording is broken; what broke it is told.
      }
      throw;
    }
    graph_.capture_end();
  }
  void replay() override { graph_.replay(); }

 private:
  at::cuda::CUDAGraph graph_;
};
#endif

}  // namespace

std::unique_ptr<DeviceGraph> make_device_graph() {
#ifdef GP_CUDA_ON_CPU
  return std::make_unique<GraphOnCpu>();
#else
  return std::make_unique<CudaGraph>();
#endif
}

}  // namespace gp
