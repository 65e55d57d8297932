#include "engine/block_allocator.h"

#include <c10/core/CPUAllocator.h>
#include <c10/core/impl/alloc_cpu.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace gp {

#if defined(__linux__)
namespace {

constexpr size_t kSmallest = size_t{256} << 10;
constexpr size_t kGrain = size_t{4} << 10;  // a page
constexpr size_t kHugePage = size_t{2} << 20;
constexpr size_t kRegion = size_t{64} << 20;  // at least

size_t rounded_up(size_t size, size_t to) { return (size + to - 1) / to * to; }

/** Memory of the system, aligned to huge pages; null when there is none. */
char* map_region(size_t size) {
  void* const mapped =
      mmap(nullptr, size + kHugePage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) return nullptr;
  char* const from = static_cast<char*>(mapped);
  char* const region = reinterpret_cast<char*>(rounded_up(reinterpret_cast<size_t>(from), kHugePage));
  if (region > from) munmap(from, static_cast<size_t>(region - from));
  char* const end = from + size + kHugePage;
  if (region + size < end) munmap(region + size, static_cast<size_t>(end - (region + size)));
  madvise(region, size, MADV_HUGEPAGE);  // where it is not to be had, small pages serve as well
  return region;
}

}  // namespace

BlockAllocator& BlockAllocator::instance() {
  // Never destroyed: tensors of threads that outlive static objects may still be freed.
  static auto* const allocator = new BlockAllocator();
  return *allocator;
}

void BlockAllocator::install() {
  static const bool installed = [] {
    c10::SetCPUAllocator(&instance(), /*priority=*/1);
    return true;
  }();
  static_cast<void>(installed);
}

void BlockAllocator::release(size_t keep) {
  BlockAllocator& allocator = instance();
  const std::lock_guard<std::mutex> lock(allocator.mutex_);
  allocator.release_regions(keep);
}

c10::DataPtr BlockAllocator::allocate(size_t bytes) {
  const c10::Device cpu(c10::kCPU);
  if (bytes < kSmallest) {
    void* const data = c10::alloc_cpu(bytes);
    return {data, data, &c10::free_cpu, cpu};
  }
  void* const data = take(rounded_up(bytes, kGrain));
  return {data, data, &free_block, cpu};
}

c10::DeleterFnPtr BlockAllocator::raw_deleter() const {
  // Blocks of both kinds pass here: those of malloc are not among ours.
  return [](void* address) {
    BlockAllocator& allocator = instance();
    {
      const std::lock_guard<std::mutex> lock(allocator.mutex_);
      if (allocator.blocks_.count(static_cast<char*>(address)) > 0)
        return allocator.give_back(static_cast<char*>(address));
    }
    c10::free_cpu(address);
  };
}

void BlockAllocator::copy_data(void* to, const void* from, std::size_t bytes) const {
  std::memcpy(to, from, bytes);
}

void BlockAllocator::free_block(void* address) {
  BlockAllocator& allocator = instance();
  const std::lock_guard<std::mutex> lock(allocator.mutex_);
  allocator.give_back(static_cast<char*>(address));
}

BlockAllocator::Address BlockAllocator::take(size_t size) {
  const std::lock_guard<std::mutex> lock(mutex_);
  // The smallest that is large enough, the first of those of one size.
  auto found = free_.lower_bound({size, nullptr});
  if (found == free_.end()) {
    const size_t region = std::max(kRegion, rounded_up(size, kHugePage));
    char* const address = map_region(region);
    if (address == nullptr) throw std::bad_alloc();
    found = free_.emplace(region, address).first;
    blocks_.emplace(address, Block{region, true, true, {}});
    free_bytes_ += region;
  }
  const Address address = found->second;
  Block& block = blocks_.at(address);
  if (block.size - size >= kSmallest) {
    const Address rest = address + size;
    const size_t rest_size = block.size - size;
    blocks_.emplace(rest, Block{rest_size, true, false, {}});
    free_.emplace(rest_size, rest);
    block.size = size;
  }
  block.free = false;
  block.place = free_.extract(found);
  free_bytes_ -= block.size;
  return address;
}

void BlockAllocator::join(std::map<Address, Block>::iterator left, std::map<Address, Block>::iterator right) {
  free_.erase({right->second.size, right->first});
  auto place = free_.extract({left->second.size, left->first});
  left->second.size += right->second.size;
  place.value() = {left->second.size, left->first};
  free_.insert(std::move(place));
  blocks_.erase(right);
}

void BlockAllocator::give_back(Address address) {
  auto block = blocks_.find(address);
  block->second.free = true;
  free_bytes_ += block->second.size;
  block->second.place.value() = {block->second.size, address};
  free_.insert(std::move(block->second.place));
  const auto next = std::next(block);
  if (next != blocks_.end() && next->second.free && !next->second.first_of_region) join(block, next);
  if (!block->second.first_of_region && std::prev(block)->second.free) {
    const auto previous = std::prev(block);
    join(previous, block);
  }
}

void BlockAllocator::release_regions(size_t keep) {
  for (auto block = blocks_.begin(); block != blocks_.end() && free_bytes_ > keep;) {
    const auto next = std::next(block);
    const bool whole = block->second.first_of_region && block->second.free &&
                       (next == blocks_.end() || next->second.first_of_region);
    if (whole) {
      munmap(block->first, block->second.size);
      free_bytes_ -= block->second.size;
      free_.erase({block->second.size, block->first});
      blocks_.erase(block);
    }
    block = next;
  }
}
#else
void BlockAllocator::install() {}
void BlockAllocator::release(size_t) {}
#endif

}  // namespace gp
