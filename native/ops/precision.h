#pragma once

namespace gp {

/** What the products of linear layers are computed in; everything else stays in single precision. */
enum class Precision {
  kFloat,
  /** Products of bfloat16 numbers, summed in single precision (AVX-512 BF16 or AMX). */
  kBfloat16,
  /** Of predictions: products of 8-bit integers (AVX-512 VNNI): weights scaled by output, inputs by token
     while it passes. */
  kInt8,
};

/** Whether this processor has the instructions, and LibTorch the kernels. */
bool has_precision(Precision precision);

}  // namespace gp
