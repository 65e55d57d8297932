#pragma once

#include <c10/core/Device.h>

#include <mutex>

#include "ops/precision.h"

namespace gp {

/**
 * Lets LibTorch round the factors of CUDA's single-precision products, as kTf32 asks for, for as long as it
 * lives. The switch is the process's: other engines on CUDA devices wait meanwhile.
 */
class ProductPrecision {
 public:
  ProductPrecision(const c10::Device& device, Precision precision);

 private:
  std::unique_lock<std::mutex> alone_;
};

}  // namespace gp
