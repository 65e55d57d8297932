#include "ops/simd.h"

#include <cmath>
#include <limits>

#include "ops/fast_exp.h"

namespace gp {
namespace {

/** 1 / (1 + e^-x), through e^-|x|, which cannot overflow */
__attribute__((always_inline)) inline float fast_sigmoid(float x) {
  const float e = fast_exp(-std::fabs(x));
  return (x < 0.0F ? e : 1.0F) / (1.0F + e);
}

inline double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

}  // namespace

GP_MULTIVERSION float max_value(const float* values, int64_t count) {
  float largest = -std::numeric_limits<float>::infinity();
#pragma omp simd reduction(max : largest)
  for (int64_t i = 0; i < count; ++i) largest = values[i] > largest ? values[i] : largest;
  return largest;
}

GP_MULTIVERSION float sum_exp(const float* values, int64_t count, float shift) {
  float sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t i = 0; i < count; ++i) sum += fast_exp(values[i] - shift);
  return sum;
}

GP_MULTIVERSION float exp_in_place(float* values, int64_t count, float shift) {
  float sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t i = 0; i < count; ++i) {
    const float power = fast_exp(values[i] - shift);
    values[i] = power;
    sum += power;
  }
  return sum;
}

GP_MULTIVERSION void scale_in_place(float* values, int64_t count, float factor) {
#pragma omp simd
  for (int64_t i = 0; i < count; ++i) values[i] *= factor;
}

GP_MULTIVERSION void add_in_place(const float* values, int64_t count, float* out) {
#pragma omp simd
  for (int64_t i = 0; i < count; ++i) out[i] += values[i];
}

GP_MULTIVERSION void multiply_in_place(const float* values, int64_t count, float* out) {
#pragma omp simd
  for (int64_t i = 0; i < count; ++i) out[i] *= values[i];
}

GP_MULTIVERSION void softmax_slope_in_place(const float* weights, int64_t count, float* slope) {
  float mean = 0;
#pragma omp simd reduction(+ : mean)
  for (int64_t i = 0; i < count; ++i) mean += weights[i] * slope[i];
#pragma omp simd
  for (int64_t i = 0; i < count; ++i) slope[i] = weights[i] * (slope[i] - mean);
}

GP_MULTIVERSION float dot(const float* a, const float* b, int64_t count) {
  float sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t i = 0; i < count; ++i) sum += a[i] * b[i];
  return sum;
}

GP_MULTIVERSION void tanh_of_sum(const float* a, const float* b, float* out, int64_t count) {
#pragma omp simd
  for (int64_t i = 0; i < count; ++i) {
    const float x = a[i] + b[i];
    const float e = fast_exp(-2.0F * std::fabs(x));
    out[i] = std::copysign((1.0F - e) / (1.0F + e), x);
  }
}

GP_MULTIVERSION void add_tanh_slope(const float* tanh, const float* slope, int64_t count, float* a,
                                    float* b) {
#pragma omp simd
  for (int64_t i = 0; i < count; ++i) {
    const float s = slope[i] * (1.0F - tanh[i] * tanh[i]);
    a[i] += s;
    b[i] += s;
  }
}

GP_MULTIVERSION float divergence_in_place(float* a, float* b, int64_t count) {
  float sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t i = 0; i < count; ++i) {
    const float p = fast_sigmoid(a[i]), q = fast_sigmoid(b[i]), apart = a[i] - b[i];
    sum += 0.5F * (p - q) * apart;
    a[i] = 0.5F * (p * (1.0F - p) * apart + (p - q));
    b[i] = -0.5F * (q * (1.0F - q) * apart + (p - q));
  }
  return sum;
}

// Double precision serves the gradient checks: exactness, not speed.

double max_value(const double* values, int64_t count) {
  double largest = -std::numeric_limits<double>::infinity();
  for (int64_t i = 0; i < count; ++i) largest = values[i] > largest ? values[i] : largest;
  return largest;
}

double sum_exp(const double* values, int64_t count, double shift) {
  double sum = 0;
  for (int64_t i = 0; i < count; ++i) sum += std::exp(values[i] - shift);
  return sum;
}

double exp_in_place(double* values, int64_t count, double shift) {
  double sum = 0;
  for (int64_t i = 0; i < count; ++i) sum += values[i] = std::exp(values[i] - shift);
  return sum;
}

void scale_in_place(double* values, int64_t count, double factor) {
  for (int64_t i = 0; i < count; ++i) values[i] *= factor;
}

double dot(const double* a, const double* b, int64_t count) {
  double sum = 0;
  for (int64_t i = 0; i < count; ++i) sum += a[i] * b[i];
  return sum;
}

void tanh_of_sum(const double* a, const double* b, double* out, int64_t count) {
  for (int64_t i = 0; i < count; ++i) out[i] = std::tanh(a[i] + b[i]);
}

void add_tanh_slope(const double* tanh, const double* slope, int64_t count, double* a, double* b) {
  for (int64_t i = 0; i < count; ++i) {
    const double s = slope[i] * (1 - tanh[i] * tanh[i]);
    a[i] += s;
    b[i] += s;
  }
}

double divergence_in_place(double* a, double* b, int64_t count) {
  double sum = 0;
  for (int64_t i = 0; i < count; ++i) {
    const double p = sigmoid(a[i]), q = sigmoid(b[i]), apart = a[i] - b[i];
    sum += 0.5 * (p - q) * apart;
    a[i] = 0.5 * (p * (1 - p) * apart + (p - q));
    b[i] = -0.5 * (q * (1 - q) * apart + (p - q));
  }
  return sum;
}

}  // namespace gp
