#pragma once

#include <ATen/core/Tensor.h>

#include "ops/random_mask.h"
#include "ops/sequences.h"

namespace gp {

/**
 * Scaled dot-product attention within each sequence of a packed batch (Vaswani et al. 2017, eq. 1):
 * dropout(softmax(q k^T / sqrt(d))) v per sequence and head.
 * @param qkv [T, 3, heads, d] queries, keys and values
 * @param p probability that a weight is dropped; 0 outside training
 * @return [T, heads, d]
 */
at::Tensor attention(const at::Tensor& qkv, const Sequences& sequences, double p, RandomStream& random);
/** The same in plain ATen, a sequence at a time. */
at::Tensor attention_reference(const at::Tensor& qkv, const Sequences& sequences, double p,
                               const MaskKey& key);
/** The same by LibTorch's kernels for packed batches, bfloat16 or single precision; masks come from its own
 * generator, not from the stream. CUDA. */
at::Tensor attention_packed(const at::Tensor& qkv, const Sequences& sequences, double p);
/** Whether there is such a kernel. */
bool has_packed_attention(const at::Tensor& qkv);
/** Whether it draws masks over a whole batch at a time; elsewhere it goes sequence by sequence. */
bool has_packed_dropout(at::ScalarType type);
/** The same in parallel over (sequence, head), weights and masks computed again in the backward pass. CPU. */
at::Tensor attention_cpu(const at::Tensor& qkv, const Sequences& sequences, double p, const MaskKey& key);

}  // namespace gp
