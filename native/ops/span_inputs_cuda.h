#pragma once

#include <ATen/core/Tensor.h>

#include <cmath>

#include "kernels/span_inputs.h"
#include "ops/cuda_call.h"
#include "ops/sequences.h"
#include "ops/span_cells.h"
#include "ops/span_factors.h"

namespace gp {

/** Whether the kernels score such factors: all but additive ones, which have no product to compute. */
inline bool has_span_kernels(const SpanFactors& factors) {
  return !std::holds_alternative<AdditiveFactors>(factors);
}

/** What the kernels read of factors that are products, detached and contiguous. */
struct SpanTensors {
  SpanTensors(const SpanFactors& factors, const Sequences& sequences_in, SpanCells cells_in)
      : types(type_count(factors)), sequences(&sequences_in), cells(cells_in) {
    const FactorTensors tensors = tensors_of(factors);
    query_key = tensors[0].detach().contiguous();
    if (tensors[1].defined()) bias = tensors[1].detach().contiguous();
    starts = sequences_in.starts_on(query_key.device());
  }

  template <typename Storage>
  kernels::SpanInputs<Storage> as() const {
    const int64_t size = query_key.size(-1);
    return {numbers<const Storage>(query_key),
            numbers<const Storage>(bias),
            numbers<const int32_t>(starts),
            static_cast<int32_t>(sequences->count()),
            static_cast<int32_t>(sequences->longest()),
            static_cast<int32_t>(bias.defined() ? 1 : types),
            static_cast<int32_t>(types),
            static_cast<int32_t>(size),
            cells.mask_special_tokens,
            1.0 / std::sqrt(static_cast<double>(size))};
  }

  at::Tensor query_key;  // [T, types, 2, d], or [T, 2, d] with a bias
  at::Tensor bias;       // [T, types, 2] or undefined
  at::Tensor starts;     // [B + 1]
  int64_t types;
  const Sequences* sequences;
  SpanCells cells;
};

}  // namespace gp
