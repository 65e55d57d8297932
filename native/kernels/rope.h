#pragma once

#include <cstdint>

#include "kernels/scalar.h"

namespace gp::kernels {

/**
 * Rotates every vector by direction * (its token's position), as ops/rope.h defines it.
 * @param x, out [T, vectors, size], which may be the same
 * @param positions [T]
 */
template <typename Storage>
void rope(const Storage* x, Storage* out, const int32_t* positions, int64_t tokens, int64_t vectors,
          int64_t size, int direction, Stream stream);

}  // namespace gp::kernels
