#include "ops/rope.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include <cmath>
#include <vector>

#include "ops/cuda_ops.h"
#include "ops/dispatch.h"

namespace gp {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr double kBase = 10000.0;

double frequency(int64_t pair, int64_t size) {
  return std::pow(kBase, -2.0 * static_cast<double>(pair) / static_cast<double>(size));
}

/** Rotates every vector of x by direction * position; x and out are [T, n, d] and may be the same. */
template <typename T>
void rotate(const T* x, T* out, int64_t vectors, int64_t size, const Sequences& sequences, double direction) {
  const int64_t pairs = size / 2;
  const int64_t longest = sequences.longest();
  std::vector<T> cosines(static_cast<size_t>(longest * pairs));
  std::vector<T> sines(cosines.size());
  for (int64_t m = 0; m < pairs; ++m) {
    const double theta = frequency(m, size);
    for (int64_t t = 0; t < longest; ++t) {
      const double angle = static_cast<double>(t) * theta;
      cosines[static_cast<size_t>(t * pairs + m)] = static_cast<T>(std::cos(angle));
      sines[static_cast<size_t>(t * pairs + m)] = static_cast<T>(direction * std::sin(angle));
    }
  }
  std::vector<int64_t> positions;
  positions.reserve(static_cast<size_t>(sequences.total()));
  for (int64_t b = 0; b < sequences.count(); ++b) {
    for (int64_t t = 0; t < sequences.length(b); ++t) positions.push_back(t);
  }
  at::parallel_for(0, sequences.total(), 16, [&](int64_t first, int64_t last) {
    for (int64_t token = first; token < last; ++token) {
      const int64_t table = positions[static_cast<size_t>(token)] * pairs;
      const T* cosine = cosines.data() + table;
      const T* sine = sines.data() + table;
      for (int64_t v = 0; v < vectors; ++v) {
        const int64_t offset = (token * vectors + v) * size;
        for (int64_t m = 0; m < pairs; ++m) {
          const T even = x[offset + 2 * m], odd = x[offset + 2 * m + 1];
          out[offset + 2 * m] = even * cosine[m] - odd * sine[m];
          out[offset + 2 * m + 1] = odd * cosine[m] + even * sine[m];
        }
      }
    }
  });
}

at::Tensor rotated(const at::Tensor& x, const Sequences& sequences, double direction) {
  const at::Tensor input = x.contiguous();
  at::Tensor out = at::empty_like(input);
  AT_DISPATCH_FLOATING_TYPES(input.scalar_type(), "rope_cpu", [&] {
    rotate(input.const_data_ptr<scalar_t>(), out.data_ptr<scalar_t>(), input.size(1), input.size(2),
           sequences, direction);
  });
  return out;
}

struct RopeFunction : torch::autograd::Function<RopeFunction> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const Sequences& sequences) {
    context->saved_data["starts"] = sequences.starts;
    return rotated(x, sequences, 1.0);
  }
  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    // A rotation's transpose is its inverse.
    return {rotated(gradients[0], Sequences{context->saved_data["starts"].toIntVector()}, -1.0),
            at::Tensor()};
  }
};

}  // namespace

at::Tensor rope_reference(const at::Tensor& x, const Sequences& sequences) {
  const int64_t pairs = x.size(2) / 2;
  std::vector<at::Tensor> positions;
  for (int64_t b = 0; b < sequences.count(); ++b)
    positions.push_back(at::arange(sequences.length(b), at::kDouble));
  std::vector<double> theta(static_cast<size_t>(pairs));
  for (int64_t m = 0; m < pairs; ++m) theta[static_cast<size_t>(m)] = frequency(m, x.size(2));
  const at::Tensor angles =
      at::outer(at::cat(positions), at::tensor(theta, at::kDouble)).unsqueeze(1);  // [T, 1, d/2]
  const at::Tensor wide = in_single(x);
  const at::Tensor cosine = angles.cos().to(wide.options()), sine = angles.sin().to(wide.options());
  const at::Tensor pair = wide.reshape({x.size(0), x.size(1), pairs, 2});  // [T, n, d/2, 2]
  const at::Tensor even = pair.select(3, 0), odd = pair.select(3, 1);
  return at::stack({even * cosine - odd * sine, odd * cosine + even * sine}, 3)
      .reshape(x.sizes())
      .to(x.scalar_type());
}

at::Tensor rope_cpu(const at::Tensor& x, const Sequences& sequences) {
  return RopeFunction::apply(x, sequences);
}

at::Tensor rope(const at::Tensor& x, const Sequences& sequences) {
  if (const CudaOps* on_cuda = cuda_ops_for(x)) return on_cuda->rope(x, sequences);
  return takes_cpu_path(x) ? rope_cpu(x, sequences) : rope_reference(x, sequences);
}

}  // namespace gp
