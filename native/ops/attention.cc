#include "ops/attention.h"

#include <ATen/ATen.h>

#include <cmath>
#include <vector>

#include "ops/dispatch.h"

namespace gp {

at::Tensor attention_reference(const at::Tensor& qkv, const Sequences& sequences, double p,
                               const MaskKey& key) {
  const int64_t heads = qkv.size(2);
  const double scale = 1.0 / std::sqrt(static_cast<double>(qkv.size(3)));
  const at::Tensor q = qkv.select(1, 0), k = qkv.select(1, 1), v = qkv.select(1, 2);  // [T, heads, d]
  std::vector<at::Tensor> outputs;
  for (int64_t b = 0; b < sequences.count(); ++b) {
    const int64_t begin = sequences.begin(b), length = sequences.length(b);
    const auto of_sequence = [&](const at::Tensor& x) { return x.narrow(0, begin, length).transpose(0, 1); };
    at::Tensor weights = at::matmul(of_sequence(q), of_sequence(k).transpose(1, 2)) * scale;  // [heads, L, L]
    weights = at::softmax(weights, -1);
    if (p > 0 && weights.is_cuda()) {
      weights = at::dropout(weights, p, /*train=*/true);
    } else if (p > 0) {
      at::Tensor mask = at::empty(weights.sizes(), weights.options());
      AT_DISPATCH_FLOATING_TYPES(mask.scalar_type(), "attention_reference", [&] {
        for (int64_t h = 0; h < heads; ++h) {
          fill_mask(key, static_cast<uint32_t>(b * heads + h), p, mask[h].data_ptr<scalar_t>(),
                    length * length);
        }
      });
      weights = weights * mask;
    }
    outputs.push_back(at::matmul(weights, of_sequence(v)).transpose(0, 1));  // [L, heads, d]
  }
  return at::cat(outputs);
}

at::Tensor attention(const at::Tensor& qkv, const Sequences& sequences, double p, RandomStream& random) {
  const MaskKey key = p > 0 ? draw_mask(random) : MaskKey{};
  return takes_cpu_path(qkv) ? attention_cpu(qkv, sequences, p, key)
                             : attention_reference(qkv, sequences, p, key);
}

}  // namespace gp
