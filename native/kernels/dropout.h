#pragma once

#include <cstdint>

#include "kernels/dropout_mask.h"
#include "kernels/scalar.h"

namespace gp::kernels {

/** out = x * mask, element by element. @param x, out [count], which may be the same */
template <typename Storage>
void dropout(const Storage* x, Storage* out, int64_t count, const DropoutMask& mask, Stream stream);

}  // namespace gp::kernels
