#pragma once

#include "ops/precision.h"

namespace gp {

/** Lets LibTorch round the factors of CUDA's single-precision products, as kTf32 asks for, for as long as it
 * lives. */
class ProductPrecision {
 public:
  explicit ProductPrecision(Precision precision);
  ~ProductPrecision();
  ProductPrecision(const ProductPrecision&) = delete;
  ProductPrecision& operator=(const ProductPrecision&) = delete;

 private:
  bool before_;
};

}  // namespace gp
