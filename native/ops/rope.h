#pragma once

#include <ATen/core/Tensor.h>

#include "ops/sequences.h"

namespace gp {

/**
 * Rotary position embedding (Su et al. 2021, RoFormer, eq. 34), interleaved: with theta_m = 10000^(-2m/d) and
 * t the token's index in its sequence ([CLS] = 0), y[2m]     = x[2m] cos(t theta_m) - x[2m+1] sin(t theta_m)
 *   y[2m + 1] = x[2m+1] cos(t theta_m) + x[2m] sin(t theta_m).
 * @param x [T, n, d], d even: n vectors a token, all rotated by the token's position.
 * @return [T, n, d]
 */
at::Tensor rope(const at::Tensor& x, const Sequences& sequences);
/** The same in plain ATen. */
at::Tensor rope_reference(const at::Tensor& x, const Sequences& sequences);
/** The same in one pass over x, the backward pass being the inverse rotation. CPU, float or double. */
at::Tensor rope_cpu(const at::Tensor& x, const Sequences& sequences);
/** The same by a kernel, angles in double. CUDA, bfloat16 too. */
at::Tensor rope_cuda(const at::Tensor& x, const Sequences& sequences);

}  // namespace gp
