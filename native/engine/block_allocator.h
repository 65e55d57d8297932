#pragma once

#include <c10/core/Allocator.h>

#include <cstddef>
#include <map>
#include <mutex>
#include <set>
#include <utility>

namespace gp {

/**
 * Memory of tensors on the CPU. A training step asks for hundreds of megabytes and gives them back, again and
 * again, in sizes that differ from batch to batch; malloc hands such blocks to the system and gets them back
 * page by page. Here blocks of 256 KiB and more come out of regions that are kept, in huge pages where the
 * system has them, and free neighbours become one; smaller ones are left to malloc.
 */
class BlockAllocator final : public c10::Allocator {
 public:
  /** Makes LibTorch take its memory here, from the first call on; does nothing where regions cannot be had.
   */
  static void install();
  /** Gives regions without a block in use back to the system until at most `keep` free bytes are left. */
  static void release(size_t keep);

  c10::DataPtr allocate(size_t bytes) override;
  c10::DeleterFnPtr raw_deleter() const override;
  void copy_data(void* to, const void* from, std::size_t bytes) const override;

 private:
  using Address = char*;
  using FreeBlocks = std::set<std::pair<size_t, Address>>;  // by size
  /** A stretch of a region: free or in use. */
  struct Block {
    size_t size;
    bool free;
    bool first_of_region;
    /** Of a block in use: its place among the free ones when it comes back, which must not need memory. */
    FreeBlocks::node_type place;
  };

  static BlockAllocator& instance();
  static void free_block(void* address);

  Address take(size_t size);
  void give_back(Address address);
  /** Makes two neighbours one. */
  void join(std::map<Address, Block>::iterator left, std::map<Address, Block>::iterator right);
  void release_regions(size_t keep);

  std::mutex mutex_;
  std::map<Address, Block> blocks_;  // all, in the order of their addresses
  FreeBlocks free_;
  size_t free_bytes_ = 0;
};

}  // namespace gp
