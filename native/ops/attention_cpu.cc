#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include <cmath>
#include <vector>

#include "ops/attention.h"
#include "ops/attention_tiles.h"
#include "ops/gemm.h"
#include "ops/simd.h"
#include "ops/tile_product.h"

namespace gp {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/** What forward and backward share: sizes, strides and the place of each (sequence, head) in the packed
 * tensors. */
template <typename T>
struct Heads {
  const Sequences& sequences;
  int64_t heads;
  int64_t size;
  double p;
  MaskKey key;

  /** From one token to the next: in the context [T, heads, d], and in [T, 3, heads, d]. */
  int64_t row() const { return heads * size; }
  int64_t row_of_three() const { return 3 * row(); }
  int64_t tasks() const { return sequences.count() * heads; }
  int64_t length(int64_t task) const { return sequences.length(task / heads); }
  int64_t offset(int64_t task) const { return sequences.begin(task / heads) * row() + (task % heads) * size; }
  /** Of the query, key or value (0, 1, 2). */
  int64_t offset_of(int64_t which, int64_t task) const {
    return (sequences.begin(task / heads) * 3 + which) * row() + (task % heads) * size;
  }
  T scale() const { return static_cast<T>(1.0 / std::sqrt(static_cast<double>(size))); }

  /** weights[L, L] = softmax(q k^T / sqrt(d)) */
  void softmax_weights(int64_t task, const T* qkv, T* weights) const {
    const int64_t n = length(task), row = row_of_three();
    gemm<T>(n, n, size, scale(), {qkv + offset_of(0, task), row}, {qkv + offset_of(1, task), row, true}, T(0),
            weights, n);
    for (int64_t i = 0; i < n; ++i) {
      T* line = weights + i * n;
      const T sum = exp_in_place(line, n, max_value(line, n));
      scale_in_place(line, n, T(1) / sum);
    }
  }
  /** mask[L, L] */
  void dropout_mask(int64_t task, T* mask) const {
    fill_mask(key, static_cast<uint32_t>(task), p, mask, length(task) * length(task));
  }
};

template <typename T>
void forward_tasks(const Heads<T>& heads, const T* qkv, T* out) {
  const int64_t longest = heads.sequences.longest();
  at::parallel_for(0, heads.tasks(), 1, [&](int64_t first, int64_t last) {
    std::vector<T> weights(static_cast<size_t>(longest * longest));
    std::vector<T> mask(heads.p > 0 ? weights.size() : 0);
    for (int64_t task = first; task < last; ++task) {
      const int64_t n = heads.length(task);
      heads.softmax_weights(task, qkv, weights.data());
      if (heads.p > 0) {
        heads.dropout_mask(task, mask.data());
        for (int64_t i = 0; i < n * n; ++i) weights[static_cast<size_t>(i)] *= mask[static_cast<size_t>(i)];
      }
      gemm<T>(n, heads.size, n, T(1), {weights.data(), n},
              {qkv + heads.offset_of(2, task), heads.row_of_three()}, T(0), out + heads.offset(task),
              heads.row());
    }
  });
}

/**
 * With W the softmax weights, M the mask and D = W o M: dv = D^T dout; dW = (dout v^T) o M;
 * dS = W o (dW - rowsum(W o dW)); dq = dS k / sqrt(d); dk = dS^T q / sqrt(d).
 */
template <typename T>
void backward_tasks(const Heads<T>& heads, const T* qkv, const T* gradient, T* dqkv) {
  const int64_t longest = heads.sequences.longest();
  at::parallel_for(0, heads.tasks(), 1, [&](int64_t first, int64_t last) {
    std::vector<T> weights(static_cast<size_t>(longest * longest));
    std::vector<T> slope(weights.size());
    std::vector<T> mask(heads.p > 0 ? weights.size() : 0);
    for (int64_t task = first; task < last; ++task) {
      const int64_t n = heads.length(task), row = heads.row_of_three();
      const int64_t query = heads.offset_of(0, task), key = heads.offset_of(1, task);
      const int64_t value = heads.offset_of(2, task);
      const MatrixView<T> dout{gradient + heads.offset(task), heads.row()};
      heads.softmax_weights(task, qkv, weights.data());
      T* dropped = weights.data();
      if (heads.p > 0) {
        heads.dropout_mask(task, mask.data());
        for (int64_t i = 0; i < n * n; ++i)
          slope[static_cast<size_t>(i)] = weights[static_cast<size_t>(i)] * mask[static_cast<size_t>(i)];
        dropped = slope.data();
      }
      gemm<T>(n, heads.size, n, T(1), {dropped, n, true}, dout, T(0), dqkv + value, row);
      gemm<T>(n, n, heads.size, T(1), dout, {qkv + value, row, true}, T(0), slope.data(), n);
      for (int64_t i = 0; i < n; ++i) {
        T* w = weights.data() + i * n;
        T* s = slope.data() + i * n;
        if (heads.p > 0) {
          const T* m = mask.data() + i * n;
          for (int64_t j = 0; j < n; ++j) s[j] *= m[j];
        }
        const T mean = dot(w, s, n);
        for (int64_t j = 0; j < n; ++j) s[j] = w[j] * (s[j] - mean);
      }
      gemm<T>(n, heads.size, n, heads.scale(), {slope.data(), n}, {qkv + key, row}, T(0), dqkv + query, row);
      gemm<T>(n, heads.size, n, heads.scale(), {slope.data(), n, true}, {qkv + query, row}, T(0), dqkv + key,
              row);
    }
  });
}

bool by_tiles(const at::Tensor& qkv) { return qkv.scalar_type() == at::kFloat && has_tile_products(); }

struct AttentionFunction : torch::autograd::Function<AttentionFunction> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& qkv_in, const Sequences& sequences,
                            double p, const MaskKey& key) {
    const at::Tensor qkv = qkv_in.contiguous();
    at::Tensor out = at::empty({qkv.size(0), qkv.size(2), qkv.size(3)}, qkv.options().requires_grad(false));
    if (by_tiles(qkv)) {
      attention_tiles_forward({sequences, qkv.size(2), qkv.size(3), p, key}, qkv.const_data_ptr<float>(),
                              out.data_ptr<float>());
    } else {
      AT_DISPATCH_FLOATING_TYPES(qkv.scalar_type(), "attention_cpu", [&] {
        const Heads<scalar_t> heads{sequences, qkv.size(2), qkv.size(3), p, key};
        forward_tasks(heads, qkv.const_data_ptr<scalar_t>(), out.data_ptr<scalar_t>());
      });
    }
    context->save_for_backward({qkv});
    context->saved_data["starts"] = sequences.starts;
    context->saved_data["p"] = p;
    context->saved_data["seed"] = static_cast<int64_t>(key.seed);
    context->saved_data["draw"] = static_cast<int64_t>(key.draw);
    return out;
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const at::Tensor qkv = context->get_saved_variables()[0];
    const at::Tensor gradient = gradients[0].contiguous();
    const Sequences sequences{context->saved_data["starts"].toIntVector()};
    const MaskKey key{static_cast<uint64_t>(context->saved_data["seed"].toInt()),
                      static_cast<uint64_t>(context->saved_data["draw"].toInt())};
    const double p = context->saved_data["p"].toDouble();
    at::Tensor dqkv = at::empty_like(qkv).requires_grad_(false);
    if (by_tiles(qkv)) {
      attention_tiles_backward({sequences, qkv.size(2), qkv.size(3), p, key}, qkv.const_data_ptr<float>(),
                               gradient.const_data_ptr<float>(), dqkv.data_ptr<float>());
    } else {
      AT_DISPATCH_FLOATING_TYPES(qkv.scalar_type(), "attention_cpu_backward", [&] {
        const Heads<scalar_t> heads{sequences, qkv.size(2), qkv.size(3), p, key};
        backward_tasks(heads, qkv.const_data_ptr<scalar_t>(), gradient.const_data_ptr<scalar_t>(),
                       dqkv.data_ptr<scalar_t>());
      });
    }
    return {dqkv, at::Tensor(), at::Tensor(), at::Tensor()};
  }
};

}  // namespace

at::Tensor attention_cpu(const at::Tensor& qkv, const Sequences& sequences, double p, const MaskKey& key) {
  return AttentionFunction::apply(qkv, sequences, p, key);
}

}  // namespace gp
