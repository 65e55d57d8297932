#include "engine/product_precision.h"

#include <ATen/Context.h>

namespace gp {

ProductPrecision::ProductPrecision(Precision precision) : before_(at::globalContext().allowTF32CuBLAS()) {
  at::globalContext().setAllowTF32CuBLAS(precision == Precision::kTf32);
}

ProductPrecision::~ProductPrecision() { at::globalContext().setAllowTF32CuBLAS(before_); }

}  // namespace gp
