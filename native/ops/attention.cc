#include "ops/attention.h"

#include <ATen/ATen.h>

#include <cmath>
#include <vector>

#include "ops/cuda_ops.h"
#include "ops/dispatch.h"

namespace gp {

at::Tensor attention_reference(const at::Tensor& qkv_in, const Sequences& sequences, double p,
                               const MaskKey& key) {
  const at::Tensor qkv = in_single(qkv_in);
  const int64_t heads = qkv.size(2);
  const double scale = 1.0 / std::sqrt(static_cast<double>(qkv.size(3)));
  const at::Tensor q = qkv.select(1, 0), k = qkv.select(1, 1), v = qkv.select(1, 2);  // [T, heads, d]
  std::vector<at::Tensor> outputs;
  for (int64_t b = 0; b < sequences.count(); ++b) {
    const int64_t begin = sequences.begin(b), length = sequences.length(b);
    const auto of_sequence = [&](const at::Tensor& x) { return x.narrow(0, begin, length).transpose(0, 1); };
    at::Tensor weights = at::matmul(of_sequence(q), of_sequence(k).transpose(1, 2)) * scale;  // [heads, L, L]
    weights = at::softmax(weights, -1);
    if (p > 0) {
      at::Tensor mask = at::empty(weights.sizes(), weights.options().device(at::kCPU).requires_grad(false));
      AT_DISPATCH_FLOATING_TYPES(mask.scalar_type(), "attention_reference", [&] {
        for (int64_t h = 0; h < heads; ++h) {
          fill_mask(key, static_cast<uint32_t>(b * heads + h), p, mask[h].data_ptr<scalar_t>(),
                    length * length);
        }
      });
      weights = weights * mask.to(weights.device());
    }
    outputs.push_back(at::matmul(weights, of_sequence(v)).transpose(0, 1));  // [L, heads, d]
  }
  return at::cat(outputs).to(qkv_in.scalar_type());
}

at::Tensor attention(const at::Tensor& qkv, const Sequences& sequences, double p, RandomStream& random) {
  const MaskKey key = p > 0 ? draw_mask(random) : MaskKey{};
  if (takes_cuda_path(qkv) && has_packed_attention(qkv)) return attention_packed(qkv, sequences, p);
  const Sequences here = sequences.here();
  return takes_cpu_path(qkv) ? attention_cpu(qkv, here, p, key) : attention_reference(qkv, here, p, key);
}

}  // namespace gp
