#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include <cmath>
#include <vector>

#include "ops/mask_parts.h"
#include "ops/residual_norm.h"
#include "ops/simd.h"

namespace gp {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/** out = norm(x * mask + residual) of one row; mask is null without dropout, normed where it is not kept.
 * @return 1 / standard deviation */
GP_MULTIVERSION float forward_row(const float* x, const float* residual, const float* mask,
                                  const float* weight, const float* bias, int64_t size, float eps,
                                  float* normed, float* out) {
  float sum = 0;
  if (mask != nullptr) {
#pragma omp simd reduction(+ : sum)
    for (int64_t i = 0; i < size; ++i) {
      const float s = x[i] * mask[i] + residual[i];
      out[i] = s;
      sum += s;
    }
  } else {
#pragma omp simd reduction(+ : sum)
    for (int64_t i = 0; i < size; ++i) {
      const float s = x[i] + residual[i];
      out[i] = s;
      sum += s;
    }
  }
  const float mean = sum / static_cast<float>(size);
  float squares = 0;
#pragma omp simd reduction(+ : squares)
  for (int64_t i = 0; i < size; ++i) squares += (out[i] - mean) * (out[i] - mean);
  const float scale = 1.0F / std::sqrt(squares / static_cast<float>(size) + eps);
  if (normed != nullptr) {
#pragma omp simd
    for (int64_t i = 0; i < size; ++i) normed[i] = (out[i] - mean) * scale;
#pragma omp simd
    for (int64_t i = 0; i < size; ++i) out[i] = normed[i] * weight[i] + bias[i];
  } else {
#pragma omp simd
    for (int64_t i = 0; i < size; ++i) out[i] = (out[i] - mean) * scale * weight[i] + bias[i];
  }
  return scale;
}

/** dx = dsum * mask and dsum of one row; adds to the gradients of weight and bias. */
GP_MULTIVERSION void backward_row(const float* gradient, const float* normed, float scale, const float* mask,
                                  const float* weight, int64_t size, float* dx, float* dsum, float* dweight,
                                  float* dbias) {
  float mean = 0, along = 0;
#pragma omp simd reduction(+ : mean, along)
  for (int64_t i = 0; i < size; ++i) {
    const float slope = gradient[i] * weight[i];
    mean += slope;
    along += slope * normed[i];
  }
  mean /= static_cast<float>(size);
  along /= static_cast<float>(size);
#pragma omp simd
  for (int64_t i = 0; i < size; ++i) {
    dweight[i] += gradient[i] * normed[i];
    dbias[i] += gradient[i];
    dsum[i] = scale * (gradient[i] * weight[i] - mean - normed[i] * along);
  }
  if (mask == nullptr) return;
#pragma omp simd
  for (int64_t i = 0; i < size; ++i) dx[i] = dsum[i] * mask[i];
}

constexpr int64_t kBlockRows = 16;

int64_t blocks_of(int64_t rows) { return (rows + kBlockRows - 1) / kBlockRows; }

/** Calls visit(block, first row, last row, mask or null) for blocks of rows. */
template <typename Visit>
void for_row_blocks(int64_t rows, int64_t size, double p, const MaskKey& key, const Visit& visit) {
  at::parallel_for(0, blocks_of(rows), 1, [&](int64_t begin, int64_t end) {
    std::vector<float> mask(p > 0 ? static_cast<size_t>(kBlockRows * size) : 0);
    for (int64_t b = begin; b < end; ++b) {
      const int64_t first = b * kBlockRows, last = std::min(rows, first + kBlockRows);
      if (p > 0) fill_mask_range(key, p, first * size, (last - first) * size, mask.data());
      visit(b, first, last, p > 0 ? mask.data() : nullptr);
    }
  });
}

/** normed [T, size] and scales [T] are kept where they are defined. */
at::Tensor forward_rows(const at::Tensor& x, const at::Tensor& residual, const NormWeights& norm, double p,
                        const MaskKey& key, at::Tensor normed, at::Tensor scales) {
  const int64_t size = x.size(1);
  at::Tensor out = at::empty(x.sizes(), x.options().requires_grad(false));
  const float *from = x.const_data_ptr<float>(), *beside = residual.const_data_ptr<float>();
  const float *weight = norm.weight.const_data_ptr<float>(), *bias = norm.bias.const_data_ptr<float>();
  float* to = out.data_ptr<float>();
  float* kept = normed.defined() ? normed.data_ptr<float>() : nullptr;
  float* kept_scales = scales.defined() ? scales.data_ptr<float>() : nullptr;
  for_row_blocks(x.size(0), size, p, key, [&](int64_t, int64_t first, int64_t last, const float* mask) {
    for (int64_t r = first; r < last; ++r) {
      const float scale = forward_row(from + r * size, beside + r * size,
                                      mask == nullptr ? nullptr : mask + (r - first) * size, weight, bias,
                                      size, static_cast<float>(norm.eps),
                                      kept == nullptr ? nullptr : kept + r * size, to + r * size);
      if (kept_scales != nullptr) kept_scales[r] = scale;
    }
  });
  return out;
}

struct ResidualNormFunction : torch::autograd::Function<ResidualNormFunction> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x_in, const at::Tensor& residual_in,
                            const at::Tensor& weight, const at::Tensor& bias, double eps, double p,
                            const MaskKey& key) {
    const at::Tensor x = x_in.contiguous(), residual = residual_in.contiguous();
    const at::Tensor normed = at::empty(x.sizes(), x.options().requires_grad(false));
    const at::Tensor scales = at::empty({x.size(0)}, normed.options());
    context->save_for_backward({weight, normed, scales});
    context->saved_data["p"] = p;
    context->saved_data["seed"] = static_cast<int64_t>(key.seed);
    context->saved_data["draw"] = static_cast<int64_t>(key.draw);
    return forward_rows(x, residual, {weight, bias, eps}, p, key, normed, scales);
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &weight = saved[0], &normed = saved[1], &scales = saved[2];
    const double p = context->saved_data["p"].toDouble();
    const MaskKey key{static_cast<uint64_t>(context->saved_data["seed"].toInt()),
                      static_cast<uint64_t>(context->saved_data["draw"].toInt())};
    const at::Tensor gradient = gradients[0].contiguous();
    const int64_t rows = normed.size(0), size = normed.size(1);
    const at::Tensor dsum = at::empty_like(normed), dx = p > 0 ? at::empty_like(normed) : dsum;
    const int64_t blocks = blocks_of(rows);
    // Summed by blocks first, whatever the number of threads.
    const at::Tensor partial = at::zeros({2, blocks, size}, normed.options());
    const float* g = gradient.const_data_ptr<float>();
    for_row_blocks(rows, size, p, key, [&](int64_t b, int64_t first, int64_t last, const float* mask) {
      for (int64_t r = first; r < last; ++r) {
        backward_row(g + r * size, normed.const_data_ptr<float>() + r * size,
                     scales.const_data_ptr<float>()[r], mask == nullptr ? nullptr : mask + (r - first) * size,
                     weight.const_data_ptr<float>(), size, dx.data_ptr<float>() + r * size,
                     dsum.data_ptr<float>() + r * size, partial.data_ptr<float>() + b * size,
                     partial.data_ptr<float>() + (blocks + b) * size);
      }
    });
    const at::Tensor sums = at::zeros({2, size}, normed.options());
    for (int64_t which = 0; which < 2; ++which) {
      for (int64_t b = 0; b < blocks; ++b) {
        add_in_place(partial.const_data_ptr<float>() + (which * blocks + b) * size, size,
                     sums.data_ptr<float>() + which * size);
      }
    }
    return {dx, dsum, sums[0], sums[1], at::Tensor(), at::Tensor(), at::Tensor()};
  }
};

}  // namespace

at::Tensor residual_norm_cpu(const at::Tensor& x, const at::Tensor& residual, const NormWeights& norm,
                             double p, const MaskKey& key) {
  const auto& [weight, bias, eps] = norm;
  const bool learning = at::GradMode::is_enabled() && (x.requires_grad() || residual.requires_grad() ||
                                                       weight.requires_grad() || bias.requires_grad());
  if (learning) return ResidualNormFunction::apply(x, residual, weight, bias, eps, p, key);
  return forward_rows(x.contiguous(), residual.contiguous(), norm, p, key, {}, {});
}

}  // namespace gp
