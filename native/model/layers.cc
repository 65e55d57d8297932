#include "model/layers.h"

#include <ATen/ATen.h>

#include <cmath>

namespace gp {

Linear Linear::normal(Parameters& parameters, const std::string& name, int64_t in, int64_t out,
                      double standard_deviation) {
  at::Tensor weight = parameters.normal(name + ".weight", {out, in}, standard_deviation);
  return {weight, parameters.constant(name + ".bias", {out}, 0), {}, {}};
}

Linear Linear::uniform(Parameters& parameters, const std::string& name, int64_t in, int64_t out) {
  const double bound = 1.0 / std::sqrt(static_cast<double>(in));
  at::Tensor weight = parameters.uniform(name + ".weight", {out, in}, bound);
  return {weight, parameters.uniform(name + ".bias", {out}, bound), {}, {}};
}

at::Tensor Linear::forward(const at::Tensor& x, ForwardMode mode) const {
  if (narrow) return narrow->forward(x);
  return linear(x, {weight}, {bias}, usable(panels, mode), mode.products);
}

void Linear::narrow_to(Precision precision) {
  if (takes_cuda_path(weight)) {
    weight.set_data(weight.detach().to(at::kBFloat16));
    return;
  }
  narrow.emplace(precision, at::TensorList{weight}, at::TensorList{bias});
  drop_values(weight);
}

void drop_values(const at::Tensor& parameter) { parameter.set_data(at::empty({0}, parameter.options())); }

NormWeights norm_weights(Parameters& parameters, const std::string& name, int64_t size, double eps) {
  at::Tensor weight = parameters.constant(name + ".weight", {size}, 1);
  return {weight, parameters.constant(name + ".bias", {size}, 0), eps};
}

}  // namespace gp
