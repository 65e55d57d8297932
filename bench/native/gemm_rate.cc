// How fast this machine multiplies matrices: the mark that the benchmark sets rates against. Speaks as the sides of the
// benchmark do (bench/speed/side.ts): every line of the input is answered with the rate of a single-precision product
// of the shape that a feed-forward layer has, and with that of the micro-kernels that the project's products are made of.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <sys/resource.h>

#include <chrono>
#include <cstdint>
#include <iostream>
#include <string>
#include <vector>

#include "ops/tile_product.h"

namespace {

constexpr int64_t kTokens = 2048, kIn = 768, kOut = 3072;
constexpr int kRepeats = 8;

double gigaflops_per_second(const at::Tensor& a, const at::Tensor& b, at::Tensor& c) {
  const auto began = std::chrono::steady_clock::now();
  for (int i = 0; i < kRepeats; ++i) at::mm_out(c, a, b);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - began;
  return 2e-9 * kRepeats * static_cast<double>(kTokens * kIn * kOut) / seconds.count();
}

/** The rate of the micro-kernels on all threads when nothing but the cache is read; 0 where there are none. */
double tile_gigaflops_per_second() {
  if (!gp::has_tile_products()) return 0;
  constexpr int64_t kRows = 64, kColumns = 64, kDepth = 256, kTiles = 20000;
  const int64_t threads = at::get_num_threads();
  const auto began = std::chrono::steady_clock::now();
  at::parallel_for(0, threads, 1, [&](int64_t, int64_t) {
    const std::vector<float> a(kRows * kDepth, 0.5F), b(kDepth * kColumns, 0.5F);
    std::vector<float> c(kRows * kColumns);
    for (int64_t i = 0; i < kTiles; ++i)
      gp::tile_product(kRows, kColumns, kDepth, a.data(), kDepth, b.data(), kColumns, false, c.data(), kColumns);
  });
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - began;
  return 2e-9 * static_cast<double>(threads * kTiles * kRows * kColumns * kDepth) / seconds.count();
}

}  // namespace

int main() {
  const at::NoGradGuard no_gradient;
  const at::Tensor a = at::randn({kTokens, kIn}), b = at::randn({kIn, kOut});
  at::Tensor c = at::empty({kTokens, kOut});
  gigaflops_per_second(a, b, c);  // warm
  std::cout << R"({"ready": true})" << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
    std::cout << R"({"gigaflops": )" << gigaflops_per_second(a, b, c) << R"(, "tileGigaflops": )"
              << tile_gigaflops_per_second() << "}" << std::endl;
  }
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  std::cout << R"({"peakBytes": )" << usage.ru_maxrss * 1024 << "}" << std::endl;
}
