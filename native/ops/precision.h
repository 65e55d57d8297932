#pragma once

namespace gp {

/** What the products of linear layers are computed in; everything else stays in single precision. */
enum class Precision {
  kFloat,
  /** Products of numbers rounded to 10 bits of significand, by CUDA's matrix units. */
  kTf32,
  /** Products of bfloat16 numbers, summed in single precision (AVX-512 BF16 or AMX, CUDA's matrix units). On
   * CUDA all that goes from layer to layer is stored so. */
  kBfloat16,
  /** Of predictions: products of 8-bit integers (AVX-512 VNNI): weights scaled by output, inputs by token
     while it passes. */
  kInt8,
};

/** Whether this processor has the instructions, and LibTorch the kernels; CUDA devices are not asked. */
bool has_precision(Precision precision);

/** As users name them: fp32, tf32, bf16, int8. */
const char* name_of(Precision precision);

}  // namespace gp
