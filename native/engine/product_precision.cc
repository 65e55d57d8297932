#include "engine/product_precision.h"

#include <ATen/Context.h>

namespace gp {

ProductPrecision::ProductPrecision(const c10::Device& device, Precision precision) {
  static std::mutex of_process;  // as LibTorch's switch is
  if (!device.is_cuda()) return;
  alone_ = std::unique_lock(of_process);
  at::globalContext().setAllowTF32CuBLAS(precision == Precision::kTf32);
  // Products of bfloat16 that are cut into parts are summed in single precision, too.
  at::globalContext().setAllowBF16ReductionCuBLAS(false);
}

}  // namespace gp
