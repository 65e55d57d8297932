#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>

namespace gp {

/** What stands between the two layers of a feed-forward block: GELU (arXiv 1606.08415), its approximation by
 * tanh
 * ("gelu_new"), or ReLU. */
enum class Activation { kGelu, kGeluTanh, kRelu };

/** By Hugging Face's name: gelu, gelu_new or relu. */
Activation activation_named(const std::string& name);

/** In plain ATen. */
at::Tensor activation_reference(const at::Tensor& x, Activation activation);

/** out = activation(x) over `count` values, absolute error below 1e-6 (|x| + 1); out may be x. */
void activate(Activation activation, const float* x, int64_t count, float* out);

/** out = activation(x), and gradient becomes gradient * activation'(x). */
void activate_backward(Activation activation, const float* x, int64_t count, float* out, float* gradient);

}  // namespace gp
