#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "checks.h"
#include "ops/gemm.h"

namespace gp::check {
namespace {

/** Rows of `values` lie `stride` apart; deterministic numbers around 0. */
template <typename T>
std::vector<T> matrix(int64_t rows, int64_t stride, int seed) {
  std::vector<T> values(static_cast<size_t>(rows * stride));
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] = static_cast<T>(std::sin(static_cast<double>(i) * 1.7 + static_cast<double>(seed)));
  }
  return values;
}

template <typename T>
void check_products(Findings& findings) {
  const int64_t m = 5, n = 7, k = 3, gap = 2;
  const T alpha = T(0.5), beta = T(-2);
  for (const bool transpose_a : {false, true}) {
    for (const bool transpose_b : {false, true}) {
      const int64_t a_stride = (transpose_a ? m : k) + gap, b_stride = (transpose_b ? k : n) + gap,
                    c_stride = n + gap;
      const auto a = matrix<T>(transpose_a ? k : m, a_stride, 1),
                 b = matrix<T>(transpose_b ? n : k, b_stride, 2);
      const auto before = matrix<T>(m, c_stride, 3);
      auto c = before;
      gemm<T>(m, n, k, alpha, {a.data(), a_stride, transpose_a}, {b.data(), b_stride, transpose_b}, beta,
              c.data(), c_stride);
      double worst = 0;
      for (int64_t i = 0; i < m; ++i) {
        for (int64_t j = 0; j < c_stride; ++j) {
          const auto at = static_cast<size_t>(i * c_stride + j);
          double truth = static_cast<double>(before[at]);
          if (j < n) {
            truth *= static_cast<double>(beta);
            for (int64_t l = 0; l < k; ++l) {
              const double x = a[static_cast<size_t>(transpose_a ? l * a_stride + i : i * a_stride + l)];
              const double y = b[static_cast<size_t>(transpose_b ? j * b_stride + l : l * b_stride + j)];
              truth += static_cast<double>(alpha) * x * y;
            }
          }
          worst = std::max(worst, std::abs(static_cast<double>(c[at]) - truth));
        }
      }
      findings.below(std::string(transpose_a ? "A^T " : "A ") + (transpose_b ? "B^T" : "B"), worst,
                     16 * static_cast<double>(std::numeric_limits<T>::epsilon()));
    }
  }
}

}  // namespace

void check_gemm(Report& report) {
  report.run("gemm: products of views against plain loops, float", check_products<float>);
  report.run("gemm: products of views against plain loops, double", check_products<double>);
}

}  // namespace gp::check
