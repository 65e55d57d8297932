#include "ops/activation.h"

#include <ATen/ATen.h>

#include <cmath>

#include "ops/fast_exp.h"
#include "ops/simd.h"

namespace gp {
namespace {

constexpr float kHalfRoot = 0.70710678118654752F;    // 1 / sqrt(2)
constexpr float kDensity = 0.39894228040143268F;     // 1 / sqrt(2 pi)
constexpr float kTanhFactor = 0.79788456080286536F;  // sqrt(2 / pi)
constexpr float kTanhCubic = 0.044715F;

/** The normal distribution function and e^(-x^2 / 2), of which its density is a multiple. */
struct Normal {
  float below;
  float power;
};

/** By erfc(z) = poly(t) e^(-z^2) for z >= 0, t = 1 / (1 + p z); Abramowitz and Stegun 7.1.26, error
 * below 1.5e-7. */
__attribute__((always_inline)) inline Normal normal(float x) {
  const float z = std::fabs(x) * kHalfRoot;
  const float power = fast_exp(-z * z);
  const float t = 1.0F / (1.0F + 0.3275911F * z);
  float poly = 1.061405429F;
  poly = poly * t - 1.453152027F;
  poly = poly * t + 1.421413741F;
  poly = poly * t - 0.284496736F;
  poly = poly * t + 0.254829592F;
  const float tail = 0.5F * poly * t * power;
  return {x < 0.0F ? tail : 1.0F - tail, power};
}

__attribute__((always_inline)) inline float fast_tanh(float x) {
  const float e = fast_exp(-2.0F * std::fabs(x));
  return std::copysign((1.0F - e) / (1.0F + e), x);
}

GP_MULTIVERSION void gelu(const float* x, int64_t count, float* out) {
#pragma omp simd
  for (int64_t i = 0; i < count; ++i) out[i] = x[i] * normal(x[i]).below;
}

GP_MULTIVERSION void gelu_backward(const float* x, int64_t count, float* out, float* gradient) {
#pragma omp simd
  for (int64_t i = 0; i < count; ++i) {
    const Normal n = normal(x[i]);
    out[i] = x[i] * n.below;
    gradient[i] *= n.below + x[i] * kDensity * n.power;
  }
}

GP_MULTIVERSION void gelu_tanh(const float* x, int64_t count, float* out) {
#pragma omp simd
  for (int64_t i = 0; i < count; ++i) {
    const float inner = kTanhFactor * (x[i] + kTanhCubic * x[i] * x[i] * x[i]);
    out[i] = 0.5F * x[i] * (1.0F + fast_tanh(inner));
  }
}

GP_MULTIVERSION void gelu_tanh_backward(const float* x, int64_t count, float* out, float* gradient) {
#pragma omp simd
  for (int64_t i = 0; i < count; ++i) {
    const float square = x[i] * x[i];
    const float tanh = fast_tanh(kTanhFactor * (x[i] + kTanhCubic * square * x[i]));
    const float inner_slope = kTanhFactor * (1.0F + 3.0F * kTanhCubic * square);
    out[i] = 0.5F * x[i] * (1.0F + tanh);
    gradient[i] *= 0.5F * (1.0F + tanh) + 0.5F * x[i] * (1.0F - tanh * tanh) * inner_slope;
  }
}

}  // namespace

Activation activation_named(const std::string& name) {
  if (name == "relu") return Activation::kRelu;
  return name == "gelu_new" ? Activation::kGeluTanh : Activation::kGelu;
}

at::Tensor activation_reference(const at::Tensor& x, Activation activation) {
  if (activation == Activation::kRelu) return at::relu(x);
  return at::gelu(x, activation == Activation::kGeluTanh ? "tanh" : "none");
}

void activate(Activation activation, const float* x, int64_t count, float* out) {
  switch (activation) {
    case Activation::kGelu:
      return gelu(x, count, out);
    case Activation::kGeluTanh:
      return gelu_tanh(x, count, out);
    case Activation::kRelu:
      for (int64_t i = 0; i < count; ++i) out[i] = x[i] <= 0.0F ? 0.0F : x[i];
  }
}

void activate_backward(Activation activation, const float* x, int64_t count, float* out, float* gradient) {
  switch (activation) {
    case Activation::kGelu:
      return gelu_backward(x, count, out, gradient);
    case Activation::kGeluTanh:
      return gelu_tanh_backward(x, count, out, gradient);
    case Activation::kRelu:
      for (int64_t i = 0; i < count; ++i) {
        out[i] = x[i] <= 0.0F ? 0.0F : x[i];
        gradient[i] = x[i] <= 0.0F ? 0.0F : gradient[i];
      }
  }
}

}  // namespace gp
