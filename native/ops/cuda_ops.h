#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <vector>

#include "ops/activation.h"
#include "ops/device_graph.h"
#include "ops/gold_spans.h"
#include "ops/linear.h"
#include "ops/random_mask.h"
#include "ops/residual_norm.h"
#include "ops/sequences.h"
#include "ops/span_cells.h"
#include "ops/span_decode.h"
#include "ops/span_factors.h"

namespace gp {

/** The operations that have kernels of their own on CUDA; each stands beside its plain twin in its own
 * header. */
struct CudaOps {
  at::Tensor (*dropout)(const at::Tensor& x, double p, const MaskKey& key);
  at::Tensor (*rope)(const at::Tensor& x, const Sequences& sequences);
  at::Tensor (*residual_norm)(const at::Tensor& x, const at::Tensor& bias, const at::Tensor& residual,
                              const NormWeights& norm, double p, const MaskKey& key);
  at::Tensor (*feed_forward)(const at::Tensor& x, const FeedForwardWeights& weights, Activation activation);
  at::Tensor (*span_loss)(const SpanFactors& factors, const Sequences& sequences, const GoldSpans& gold,
                          SpanCells cells);
  std::vector<SpanHit> (*span_decode)(const SpanFactors& factors, const Sequences& sequences,
                                      const std::vector<float>& thresholds, SpanCells cells);
  std::unique_ptr<DeviceGraph> (*graph)();
  /** Whether the kernels run on a CUDA device. */
  bool (*run_on)(int device);
};

/**
 * The kernels for a tensor; null where they were not compiled, the device cannot run them, or the plain twins
 * were asked for.
 */
const CudaOps* cuda_ops_for(const at::Tensor& tensor);

/**
 * Whether a CUDA device has matrix units for bfloat16 and TF32 (compute capability 8.0); taken for granted
 * where no kernels were compiled, for then nobody here can tell.
 */
bool has_matrix_units(const at::Device& device);

/** Whether an operation goes the way that it goes on CUDA, with kernels or without. */
bool takes_cuda_path(const at::Tensor& tensor);

/** For checks: from now on tensors of the CPU go the way of CUDA, with these kernels; null ends it. */
void take_cuda_path_on_cpu(const CudaOps* kernels);

}  // namespace gp
