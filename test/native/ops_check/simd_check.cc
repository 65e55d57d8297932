#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "checks.h"
#include "ops/simd.h"

namespace gp::check {
namespace {

constexpr int64_t kMostValues = 70;  // several vectors of every width and a rest
constexpr float kFloatInfinity = std::numeric_limits<float>::infinity();
// e^x leaves the range of normal floats a little below: from here on it may count as 0.
constexpr double kSmallestExponent = -87;

template <typename T>
std::vector<T> random_values(int64_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<T> distribution(T(-4), T(4));
  std::vector<T> values(static_cast<size_t>(count));
  for (T& value : values) value = distribution(random);
  return values;
}

void check_exponential(Findings& findings) {
  constexpr int64_t kPoints = 400000;
  std::vector<float> arguments(kPoints), powers;
  for (int64_t i = 0; i < kPoints; ++i) {
    arguments[static_cast<size_t>(i)] =
        static_cast<float>(-100.0 + 188.0 * static_cast<double>(i) / (kPoints - 1));
  }
  powers = arguments;
  exp_in_place(powers.data(), kPoints, 0.0F);
  double worst = 0, worst_tail = 0;
  for (size_t i = 0; i < powers.size(); ++i) {
    const double truth = std::exp(static_cast<double>(arguments[i]));
    const double difference = std::abs(static_cast<double>(powers[i]) - truth);
    if (arguments[i] >= kSmallestExponent) {
      worst = std::max(worst, difference / truth);
    } else {
      worst_tail = std::max(worst_tail, difference);
    }
  }
  findings.below("relative error from -87 to 88", worst, 1e-6);
  findings.below("absolute error below -87", worst_tail, std::exp(kSmallestExponent) * 1.0001);
}

template <typename T>
void check_infinity(Findings& findings) {
  constexpr T kInfinity = std::numeric_limits<T>::infinity();
  for (int64_t count = 1; count <= kMostValues; ++count) {
    std::vector<T> values(static_cast<size_t>(count), -kInfinity);
    const T sum = sum_exp(values.data(), count, T(3));
    const T sum_in_place = exp_in_place(values.data(), count, T(3));
    if (sum == 0 && sum_in_place == 0 &&
        std::all_of(values.begin(), values.end(), [](T v) { return v == 0; }))
      continue;
    findings.holds("e^-infinity is 0 for " + std::to_string(count) + " values", false);
  }
  findings.holds("e^-infinity is exactly 0", true);
}

/** Every function for every count up to kMostValues against a plain loop; the value behind the last stays as
 * it is. */
template <typename T>
void check_counts(Findings& findings) {
  const double precision = 8 * static_cast<double>(std::numeric_limits<T>::epsilon());
  double max_error = 0, sum_error = 0, power_error = 0, scale_error = 0, dot_error = 0;
  bool inside = true;
  for (int64_t count = 0; count <= kMostValues; ++count) {
    const auto a = random_values<T>(count + 1, 1), b = random_values<T>(count + 1, 2);
    const auto last = static_cast<size_t>(count);
    double largest = -std::numeric_limits<double>::infinity(), sum = 0, product = 0, magnitude = 1;
    for (size_t i = 0; i < last; ++i) {
      largest = std::max(largest, static_cast<double>(a[i]));
      sum += std::exp(static_cast<double>(a[i]) - 1.5);
      product += static_cast<double>(a[i]) * static_cast<double>(b[i]);
      magnitude += std::abs(static_cast<double>(a[i]) * static_cast<double>(b[i]));
    }
    if (max_value(a.data(), count) != static_cast<T>(largest)) max_error = 1;
    sum_error = std::max(sum_error,
                         std::abs(static_cast<double>(sum_exp(a.data(), count, T(1.5))) - sum) / (1 + sum));
    dot_error = std::max(dot_error,
                         std::abs(static_cast<double>(dot(a.data(), b.data(), count)) - product) / magnitude);

    auto powers = a;
    const auto total = static_cast<double>(exp_in_place(powers.data(), count, T(1.5)));
    power_error = std::max(power_error, std::abs(total - sum) / (1 + sum));
    auto scaled = a;
    scale_in_place(scaled.data(), count, T(0.25));
    for (size_t i = 0; i < last; ++i) {
      const double power = std::exp(static_cast<double>(a[i]) - 1.5);
      power_error = std::max(power_error, std::abs(static_cast<double>(powers[i]) - power) / power);
      if (scaled[i] != a[i] * T(0.25)) scale_error = 1;
    }
    inside = inside && powers[last] == a[last] && scaled[last] == a[last];
  }
  findings.below("max_value", max_error, 1e-30);
  findings.below("sum_exp", sum_error, precision);
  findings.below("exp_in_place", power_error, precision);
  findings.below("scale_in_place", scale_error, 1e-30);
  findings.below("dot", dot_error, precision);
  findings.holds("nothing is written behind the last value", inside);
}

}  // namespace

void check_simd(Report& report) {
  report.run("simd: e^x from -100 to 88", check_exponential);
  report.run("simd: e^-infinity, float", check_infinity<float>);
  report.run("simd: e^-infinity, double", check_infinity<double>);
  report.run("simd: 0 to 70 values, float", check_counts<float>);
  report.run("simd: 0 to 70 values, double", check_counts<double>);
  report.run("simd: the largest among minus infinities", [](Findings& findings) {
    const std::vector<float> values(kMostValues, -kFloatInfinity);
    findings.holds("minus infinity", max_value(values.data(), kMostValues) == -kFloatInfinity);
  });
}

}  // namespace gp::check
