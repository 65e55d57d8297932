#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include <cmath>
#include <vector>

#include "ops/attention.h"
#include "ops/gemm.h"
#include "ops/simd.h"

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

  int64_t row() const { return heads * size; }
  int64_t tasks() const { return sequences.count() * heads; }
  int64_t length(int64_t task) const { return sequences.length(task / heads); }
  int64_t offset(int64_t task) const { return sequences.begin(task / heads) * row() + (task % heads) * size; }
  T scale() const { return static_cast<T>(1.0 / std::sqrt(static_cast<double>(size))); }

  /** weights[L, L] = softmax(q k^T / sqrt(d)) */
  void softmax_weights(int64_t task, const T* q, const T* k, T* weights) const {
    const int64_t n = length(task);
    gemm<T>(n, n, size, scale(), {q + offset(task), row()}, {k + offset(task), row(), true}, T(0), weights,
            n);
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
void forward_tasks(const Heads<T>& heads, const T* q, const T* k, const T* v, T* out) {
  const int64_t longest = heads.sequences.longest();
  at::parallel_for(0, heads.tasks(), 1, [&](int64_t first, int64_t last) {
    std::vector<T> weights(static_cast<size_t>(longest * longest));
    std::vector<T> mask(heads.p > 0 ? weights.size() : 0);
    for (int64_t task = first; task < last; ++task) {
      const int64_t n = heads.length(task), at = heads.offset(task), row = heads.row();
      heads.softmax_weights(task, q, k, weights.data());
      if (heads.p > 0) {
        heads.dropout_mask(task, mask.data());
        for (int64_t i = 0; i < n * n; ++i) weights[static_cast<size_t>(i)] *= mask[static_cast<size_t>(i)];
      }
      gemm<T>(n, heads.size, n, T(1), {weights.data(), n}, {v + at, row}, T(0), out + at, row);
    }
  });
}

/**
 * With W the softmax weights, M the mask and D = W o M: dv = D^T dout; dW = (dout v^T) o M;
 * dS = W o (dW - rowsum(W o dW)); dq = dS k / sqrt(d); dk = dS^T q / sqrt(d).
 */
template <typename T>
void backward_tasks(const Heads<T>& heads, const T* q, const T* k, const T* v, const T* gradient, T* dq,
                    T* dk, T* dv) {
  const int64_t longest = heads.sequences.longest();
  at::parallel_for(0, heads.tasks(), 1, [&](int64_t first, int64_t last) {
    std::vector<T> weights(static_cast<size_t>(longest * longest));
    std::vector<T> slope(weights.size());
    std::vector<T> mask(heads.p > 0 ? weights.size() : 0);
    for (int64_t task = first; task < last; ++task) {
      const int64_t n = heads.length(task), at = heads.offset(task), row = heads.row();
      heads.softmax_weights(task, q, k, weights.data());
      T* dropped = weights.data();
      if (heads.p > 0) {
        heads.dropout_mask(task, mask.data());
        for (int64_t i = 0; i < n * n; ++i)
          slope[static_cast<size_t>(i)] = weights[static_cast<size_t>(i)] * mask[static_cast<size_t>(i)];
        dropped = slope.data();
      }
      gemm<T>(n, heads.size, n, T(1), {dropped, n, true}, {gradient + at, row}, T(0), dv + at, row);
      gemm<T>(n, n, heads.size, T(1), {gradient + at, row}, {v + at, row, true}, T(0), slope.data(), n);
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
      gemm<T>(n, heads.size, n, heads.scale(), {slope.data(), n}, {k + at, row}, T(0), dq + at, row);
      gemm<T>(n, heads.size, n, heads.scale(), {slope.data(), n, true}, {q + at, row}, T(0), dk + at, row);
    }
  });
}

struct AttentionFunction : torch::autograd::Function<AttentionFunction> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& q_in, const at::Tensor& k_in,
                            const at::Tensor& v_in, const Sequences& sequences, double p,
                            const MaskKey& key) {
    const at::Tensor q = q_in.contiguous(), k = k_in.contiguous(), v = v_in.contiguous();
    at::Tensor out = at::empty_like(q);
    AT_DISPATCH_FLOATING_TYPES(q.scalar_type(), "attention_cpu", [&] {
      const Heads<scalar_t> heads{sequences, q.size(1), q.size(2), p, key};
      forward_tasks(heads, q.const_data_ptr<scalar_t>(), k.const_data_ptr<scalar_t>(),
                    v.const_data_ptr<scalar_t>(), out.data_ptr<scalar_t>());
    });
    context->save_for_backward({q, k, v});
    context->saved_data["starts"] = sequences.starts;
    context->saved_data["p"] = p;
    context->saved_data["seed"] = static_cast<int64_t>(key.seed);
    context->saved_data["draw"] = static_cast<int64_t>(key.draw);
    return out;
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const auto saved = context->get_saved_variables();
    const at::Tensor &q = saved[0], &k = saved[1], &v = saved[2];
    const at::Tensor gradient = gradients[0].contiguous();
    const Sequences sequences{context->saved_data["starts"].toIntVector()};
    const MaskKey key{static_cast<uint64_t>(context->saved_data["seed"].toInt()),
                      static_cast<uint64_t>(context->saved_data["draw"].toInt())};
    const double p = context->saved_data["p"].toDouble();
    at::Tensor dq = at::empty_like(q), dk = at::empty_like(k), dv = at::empty_like(v);
    AT_DISPATCH_FLOATING_TYPES(q.scalar_type(), "attention_cpu_backward", [&] {
      const Heads<scalar_t> heads{sequences, q.size(1), q.size(2), p, key};
      backward_tasks(heads, q.const_data_ptr<scalar_t>(), k.const_data_ptr<scalar_t>(),
                     v.const_data_ptr<scalar_t>(), gradient.const_data_ptr<scalar_t>(),
                     dq.data_ptr<scalar_t>(), dk.data_ptr<scalar_t>(), dv.data_ptr<scalar_t>());
    });
    return {dq, dk, dv, at::Tensor(), at::Tensor(), at::Tensor()};
  }
};

}  // namespace

at::Tensor attention_cpu(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                         const Sequences& sequences, double p, const MaskKey& key) {
  return AttentionFunction::apply(q, k, v, sequences, p, key);
}

}  // namespace gp
