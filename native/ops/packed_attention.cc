#include <ATen/ATen.h>
#include <ATen/Context.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/version.h>

#include <cmath>
#include <optional>
#include <vector>

#include "ops/attention.h"

namespace gp {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/** LibTorch's kernels add up the gradient of queries in a fixed order only while it is told to. */
class DeterministicKernels {
 public:
  DeterministicKernels()
      : before_(at::globalContext().deterministicAlgorithms()),
        warned_(at::globalContext().deterministicAlgorithmsWarnOnly()),
        filled_(at::globalContext().deterministicFillUninitializedMemory()) {
    at::globalContext().setDeterministicAlgorithms(true, /*warn_only=*/false);
    at::globalContext().setDeterministicFillUninitializedMemory(false);
  }
  ~DeterministicKernels() {
    at::globalContext().setDeterministicAlgorithms(before_, warned_);
    at::globalContext().setDeterministicFillUninitializedMemory(filled_);
  }
  DeterministicKernels(const DeterministicKernels&) = delete;
  DeterministicKernels& operator=(const DeterministicKernels&) = delete;

 private:
  bool before_, warned_, filled_;
};

/** How a call looks to the kernels. */
struct Call {
  at::Tensor q, k, v;  // [T, heads, d], parts of one tensor
  at::Tensor starts;   // [B + 1]
  int64_t longest;
  double p;
  double scale;
};

Call call_of(const at::Tensor& qkv, const at::Tensor& starts, int64_t longest, double p) {
  const double scale = 1.0 / std::sqrt(static_cast<double>(qkv.size(3)));
  return {qkv.select(1, 0), qkv.select(1, 1), qkv.select(1, 2), starts, longest, p, scale};
}

/** Of bfloat16 numbers: flash attention (Dao 2023, arXiv 2307.08691). */
struct FlashAttentionFunction : torch::autograd::Function<FlashAttentionFunction> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& qkv_in, const at::Tensor& starts,
                            int64_t longest, double p) {
    const at::Tensor qkv = qkv_in.detach();
    const Call call = call_of(qkv, starts, longest, p);
    const auto [out, logarithms, state, unused, mask] =
        at::_flash_attention_forward(call.q, call.k, call.v, call.starts, call.starts, longest, longest, p,
                                     /*is_causal=*/false, /*return_debug_mask=*/false, call.scale);
    context->save_for_backward({qkv, starts, out, logarithms, state, unused});
    context->saved_data["longest"] = longest;
    context->saved_data["p"] = p;
    return out;
  }
  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const variable_list saved = context->get_saved_variables();
    const Call call = call_of(saved[0], saved[1], context->saved_data["longest"].toInt(),
                              context->saved_data["p"].toDouble());
    const DeterministicKernels deterministic;
    const auto [dq, dk, dv] = at::_flash_attention_backward(
        gradients[0].contiguous(), call.q, call.k, call.v, saved[2], saved[3], call.starts, call.starts,
        call.longest, call.longest, call.p, /*is_causal=*/false, saved[4], saved[5], call.scale);
    return {at::stack({dq, dk, dv}, 1), at::Tensor(), at::Tensor(), at::Tensor()};  // [T, 3, heads, d]
  }
};

/** Of single precision: memory-efficient attention (Rabe and Staats 2021, arXiv 2112.05682). Without starts:
 * of one sequence. */
struct EfficientAttentionFunction : torch::autograd::Function<EfficientAttentionFunction> {
  static constexpr int64_t kNoMask = 0;

  static std::optional<at::Tensor> given(const at::Tensor& starts) {
    return starts.numel() > 0 ? std::optional(starts) : std::nullopt;
  }

  static at::Tensor forward(AutogradContext* context, const at::Tensor& qkv_in, const at::Tensor& starts,
                            int64_t longest, double p) {
    const at::Tensor qkv = qkv_in.detach();
    const Call call = call_of(qkv, starts, longest, p);
    // The kernel takes [1, T, heads, d].
    const std::optional<at::Tensor> lengths = given(starts);
    const std::optional<int64_t> most = lengths ? std::optional(longest) : std::nullopt;
    const auto [out, logarithms, seed, offset, longest_q, longest_k] = at::_efficient_attention_forward(
        call.q.unsqueeze(0), call.k.unsqueeze(0), call.v.unsqueeze(0), /*bias=*/{}, lengths, lengths, most,
        most, p, kNoMask, /*compute_log_sumexp=*/true, call.scale);
    context->save_for_backward({qkv, starts, out, logarithms, seed, offset});
    context->saved_data["longest"] = longest;
    context->saved_data["p"] = p;
    return out.squeeze(0);
  }
  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const variable_list saved = context->get_saved_variables();
    const Call call = call_of(saved[0], saved[1], context->saved_data["longest"].toInt(),
                              context->saved_data["p"].toDouble());
    const auto [dq, dk, dv, dbias] = at::_efficient_attention_backward(
        gradients[0].contiguous().unsqueeze(0), call.q.unsqueeze(0), call.k.unsqueeze(0), call.v.unsqueeze(0),
        /*bias=*/{}, saved[2], given(saved[1]), given(saved[1]), call.longest, call.longest, saved[3], call.p,
        saved[4], saved[5], kNoMask, /*bias_requires_grad=*/false, call.scale, /*num_splits_key=*/1);
    return {at::stack({dq.squeeze(0), dk.squeeze(0), dv.squeeze(0)}, 1), at::Tensor(), at::Tensor(),
            at::Tensor()};
  }
};

}  // namespace

bool has_packed_attention(const at::Tensor& qkv) {
  // What the kernels ask of the width of a head.
  const int64_t size = qkv.size(3);
  if (!qkv.is_cuda() || size % 8 != 0) return false;
  return qkv.scalar_type() == at::kBFloat16 ? size <= 256 : qkv.scalar_type() == at::kFloat;
}

at::Tensor attention_packed(const at::Tensor& qkv, const Sequences& sequences, double p) {
  if (qkv.scalar_type() == at::kFloat && p > 0 && !has_packed_dropout(at::kFloat)) {
    const Sequences here = sequences.here();
    const at::Tensor none = at::empty({0}, at::TensorOptions(at::kInt).device(qkv.device()));
    std::vector<at::Tensor> outputs;
    for (int64_t b = 0; b < here.count(); ++b) {
      if (here.length(b) == 0) continue;
      outputs.push_back(EfficientAttentionFunction::apply(qkv.narrow(0, here.begin(b), here.length(b)), none,
                                                          here.length(b), p));  // [L, heads, d]
    }
    return at::cat(outputs);
  }
  const at::Tensor& starts = sequences.starts_on(qkv.device());
  return qkv.scalar_type() == at::kBFloat16
             ? FlashAttentionFunction::apply(qkv, starts, sequences.longest(), p)
             : EfficientAttentionFunction::apply(qkv, starts, sequences.longest(), p);
}

bool has_packed_dropout(at::ScalarType type) {
  // Before 2.14 the memory-efficient kernel drew other masks in the backward pass than in the forward pass
  // when it was given cumulative lengths.
  return type == at::kBFloat16 || TORCH_VERSION_MAJOR > 2 ||
         (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 14);
}

}  // namespace gp
