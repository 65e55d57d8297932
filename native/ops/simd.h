#pragma once

#include <cstdint>

// One source, several instruction sets: the loader picks the best clone for the processor it runs on, so a
// binary built on one machine still runs on an older one.
#if defined(__x86_64__) && defined(__linux__) && defined(__GNUC__) && !defined(__clang__)
#if __GNUC__ >= 12
#define GP_MULTIVERSION __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define GP_MULTIVERSION __attribute__((target_clones("avx512f", "avx2", "default")))
#endif
#else
#define GP_MULTIVERSION
#endif

namespace gp {

/** The largest of `count` values; -infinity for none. */
float max_value(const float* values, int64_t count);
double max_value(const double* values, int64_t count);

/** Sum of e^(v - shift) over `count` values; a value of -infinity adds nothing. */
float sum_exp(const float* values, int64_t count, float shift);
double sum_exp(const double* values, int64_t count, double shift);

/** values = e^(values - shift), in place; returns their sum. */
float exp_in_place(float* values, int64_t count, float shift);
double exp_in_place(double* values, int64_t count, double shift);

void scale_in_place(float* values, int64_t count, float factor);
void scale_in_place(double* values, int64_t count, double factor);

/** out += values */
void add_in_place(const float* values, int64_t count, float* out);

/** out *= values */
void multiply_in_place(const float* values, int64_t count, float* out);

/** slope = weights (slope - sum weights slope): the gradient by the scores, given that by their softmax. */
void softmax_slope_in_place(const float* weights, int64_t count, float* slope);

/** sum_i a_i b_i */
float dot(const float* a, const float* b, int64_t count);
double dot(const double* a, const double* b, int64_t count);

/** out = tanh(a + b), absolute error below 3e-7 in float */
void tanh_of_sum(const float* a, const float* b, float* out, int64_t count);
void tanh_of_sum(const double* a, const double* b, double* out, int64_t count);

/** Adds slope (1 - tanh^2) to both a and b: the backward pass of tanh_of_sum. */
void add_tanh_slope(const float* tanh, const float* slope, int64_t count, float* a, float* b);
void add_tanh_slope(const double* tanh, const double* slope, int64_t count, double* a, double* b);

/**
 * Half the symmetric Kullback-Leibler divergence of Bernoulli distributions with logits a and b, summed over
 * `count` cells: 0.5 (sigmoid(a) - sigmoid(b)) (a - b). Replaces a and b by its derivatives.
 */
float divergence_in_place(float* a, float* b, int64_t count);
double divergence_in_place(double* a, double* b, int64_t count);

}  // namespace gp
