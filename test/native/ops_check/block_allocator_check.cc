#include <ATen/ATen.h>

#include <cstdint>
#include <fstream>
#include <random>
#include <thread>
#include <vector>

#include "engine/block_allocator.h"

#if defined(__linux__)
#include <unistd.h>
#endif

#include "checks.h"

namespace gp::check {
namespace {

#if defined(__linux__)
int64_t resident_megabytes() {
  std::ifstream statm("/proc/self/statm");
  int64_t size = 0, resident = 0;
  statm >> size >> resident;
  return resident * sysconf(_SC_PAGESIZE) >> 20;
}
#endif

/** Takes and gives back tensors of random sizes; each holds a number of its own, to be found again. */
bool kept_apart(uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<std::pair<at::Tensor, float>> held;
  bool right = true;
  for (int i = 0; i < 400; ++i) {
    if (held.size() < 8 || random() % 2 == 0) {
      const auto mark = static_cast<float>(seed * 1000 + static_cast<uint64_t>(i));
      held.emplace_back(at::full({static_cast<int64_t>(random() % 600'000) + 1}, mark, at::kFloat), mark);
    } else {
      const size_t which = random() % held.size();
      const auto& [tensor, mark] = held[which];
      right = right && tensor.eq(mark).all().item<bool>() &&
              reinterpret_cast<uintptr_t>(tensor.const_data_ptr()) % 64 == 0;
      held.erase(held.begin() + static_cast<std::ptrdiff_t>(which));
    }
  }
  return right;
}

}  // namespace

void check_block_allocator(Report& report) {
  BlockAllocator::install();
  report.run("block allocator: tensors do not touch each other", [](Findings& findings) {
    findings.holds("one thread", kept_apart(1));
    bool first = false, second = false;
    std::thread other([&] { first = kept_apart(2); });
    second = kept_apart(3);
    other.join();
    findings.holds("two threads", first && second);
  });
#if defined(__linux__)
  report.run("block allocator: memory is used again, and returned when asked", [](Findings& findings) {
    BlockAllocator::release(0);
    const int64_t before = resident_megabytes();
    for (int i = 0; i < 50; ++i) {
      // Sizes that never come twice.
      std::vector<at::Tensor> step;
      for (int j = 0; j < 6; ++j)
        step.push_back(at::ones({(int64_t{4} << 20) + 4321 * i + 777 * j}, at::kFloat));
    }
    findings.below("MiB gathered by steps of 100", static_cast<double>(resident_megabytes() - before), 200);
    BlockAllocator::release(0);
    findings.below("MiB left", static_cast<double>(resident_megabytes() - before), 20);
  });
#endif
}

}  // namespace gp::check
