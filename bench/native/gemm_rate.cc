// How fast this machine multiplies matrices: the mark that the benchmark sets rates against. Speaks as the sides of the
// benchmark do (bench/speed/side.ts): every line of the input is answered with the rate of a single-precision product
// of the shape that a feed-forward layer has.
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <sys/resource.h>

#include <chrono>
#include <cstdint>
#include <iostream>
#include <string>

namespace {

constexpr int64_t kTokens = 2048, kIn = 768, kOut = 3072;
constexpr int kRepeats = 8;

double gigaflops_per_second(const at::Tensor& a, const at::Tensor& b, at::Tensor& c) {
  const auto began = std::chrono::steady_clock::now();
  for (int i = 0; i < kRepeats; ++i) at::mm_out(c, a, b);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - began;
  return 2e-9 * kRepeats * static_cast<double>(kTokens * kIn * kOut) / seconds.count();
}

}  // namespace

int main() {
  const at::NoGradGuard no_gradient;
  const at::Tensor a = at::randn({kTokens, kIn}), b = at::randn({kIn, kOut});
  at::Tensor c = at::empty({kTokens, kOut});
  gigaflops_per_second(a, b, c);  // warm
  std::cout << R"({"ready": true})" << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
    std::cout << R"({"gigaflops": )" << gigaflops_per_second(a, b, c) << "}" << std::endl;
  }
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  std::cout << R"({"peakBytes": )" << usage.ru_maxrss * 1024 << "}" << std::endl;
}
