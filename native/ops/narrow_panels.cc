#include "ops/narrow_panels.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace gp {
namespace {

int64_t total_rows(at::TensorList weights) {
  int64_t rows = 0;
  for (const auto& weight : weights) rows += weight.size(0);
  return rows;
}

/** Calls visit(output, its weights) for every output of all the weights, in parallel. */
template <typename Visit>
void for_outputs(at::TensorList weights, const Visit& visit) {
  int64_t first = 0;
  for (const auto& weight : weights) {
    const at::Tensor rows = weight.contiguous();
    const float* from = rows.const_data_ptr<float>();
    const int64_t in = rows.size(1);
    at::parallel_for(0, rows.size(0), 16, [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row) visit(first + row, from + row * in);
    });
    first += rows.size(0);
  }
}

}  // namespace

at::Tensor zero_bytes(int64_t count) { return at::zeros({count}, at::kByte); }

Int8Weights int8_weights(at::TensorList weights) {
  const int64_t in = weights[0].size(1), out = total_rows(weights);
  Int8Weights made{{in, out}, at::empty({out}, at::kFloat), at::empty({out}, at::kFloat)};
  float* const scales = made.scales.data_ptr<float>();
  float* const sums = made.sums.data_ptr<float>();
  for_outputs(weights, [&](int64_t output, const float* row) {
    float largest = 0;
    bool finite = true;
    for (int64_t k = 0; k < in; ++k) {
      largest = std::max(largest, std::fabs(row[k]));
      finite = finite && std::isfinite(row[k]);
    }
    // As in single precision, what such a weight gives is not a number either.
    if (!finite) {
      scales[output] = sums[output] = std::numeric_limits<float>::quiet_NaN();
      return;
    }
    const float scale = largest > 0 ? largest / 127.0F : 1.0F;
    int64_t sum = 0;
    for (int64_t k = 0; k < in; ++k) {
      const auto value = static_cast<int8_t>(std::lrint(row[k] / scale));
      made.panels.set(k, output, value);
      sum += value;
    }
    scales[output] = scale;
    sums[output] = scale * static_cast<float>(sum);
  });
  return made;
}

NarrowPanels<c10::BFloat16> bfloat16_weights(at::TensorList weights) {
  const int64_t in = weights[0].size(1);
  NarrowPanels<c10::BFloat16> made(in, total_rows(weights));
  for_outputs(weights, [&](int64_t output, const float* row) {
    for (int64_t k = 0; k < in; ++k) made.set(k, output, c10::BFloat16(row[k]));
  });
  return made;
}

}  // namespace gp
