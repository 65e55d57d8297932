#include "cuda_on_cpu.h"

#include <ucontext.h>

#include <csetjmp>
#include <stdexcept>
#include <vector>

dim3 threadIdx, blockIdx, blockDim, gridDim;

namespace cuda_on_cpu {
namespace {

constexpr size_t kStackBytes = 128 << 10;
constexpr unsigned kWarp = 32;

/** A thread of the block. */
struct Coroutine {
  std::vector<char> stack = std::vector<char>(kStackBytes);
  ucontext_t entry;
  jmp_buf place;
  bool begun = false, ended = false, waiting = false;
};

struct Block {
  std::vector<Coroutine> coroutines;
  std::vector<char> shared, slots;
  std::vector<unsigned> at_warp_barrier;
  unsigned at_block_barrier = 0;
  unsigned threads = 0, current = 0;
  const std::function<void()>* kernel = nullptr;
  jmp_buf scheduler;
  ucontext_t scheduler_entry;
};

Turns turns = Turns::kForward;
Block block;

void give_turn_back() {
  if (_setjmp(block.coroutines[block.current].place) == 0) _longjmp(block.scheduler, 1);
}

void coroutine_main() {
  (*block.kernel)();
  block.coroutines[block.current].ended = true;
  _longjmp(block.scheduler, 1);
}

/** Starts or goes on with a coroutine, until it waits or ends. */
void give_turn(unsigned thread) {
  Coroutine& coroutine = block.coroutines[thread];
  block.current = thread;
  threadIdx = dim3(thread);
  if (_setjmp(block.scheduler) != 0) return;
  if (coroutine.begun) _longjmp(coroutine.place, 1);
  coroutine.begun = true;
  getcontext(&coroutine.entry);
  coroutine.entry.uc_stack.ss_sp = coroutine.stack.data();
  coroutine.entry.uc_stack.ss_size = coroutine.stack.size();
  coroutine.entry.uc_link = nullptr;
  makecontext(&coroutine.entry, coroutine_main, 0);
  setcontext(&coroutine.entry);
}

void wait(unsigned& arrived, unsigned first, unsigned count) {
  if (++arrived < count) {
    block.coroutines[block.current].waiting = true;
    give_turn_back();
    return;
  }
  arrived = 0;
  for (unsigned thread = first; thread < first + count; ++thread) block.coroutines[thread].waiting = false;
}

void run_block(size_t shared_bytes) {
  // Not zero: what a kernel leaves unwritten must show.
  block.shared.assign(shared_bytes, static_cast<char>(0xFF));
  block.at_warp_barrier.assign(block.threads / kWarp, 0);
  block.at_block_barrier = 0;
  for (unsigned thread = 0; thread < block.threads; ++thread) {
    Coroutine& coroutine = block.coroutines[thread];
    coroutine.begun = coroutine.ended = coroutine.waiting = false;
  }
  for (bool someone_ran = true; someone_ran;) {
    someone_ran = false;
    for (unsigned turn = 0; turn < block.threads; ++turn) {
      const unsigned thread = turns == Turns::kForward ? turn : block.threads - 1 - turn;
      const Coroutine& coroutine = block.coroutines[thread];
      if (coroutine.ended || coroutine.waiting) continue;
      someone_ran = true;
      give_turn(thread);
    }
  }
  for (unsigned thread = 0; thread < block.threads; ++thread) {
    if (!block.coroutines[thread].ended)
      throw std::logic_error("A thread waits at a barrier that others of its block never reach.");
  }
}

}  // namespace

void set_turns(Turns wanted) { turns = wanted; }

void* shared_memory() { return block.shared.data(); }

char* slot(unsigned thread) { return block.slots.data() + thread * 64; }

void block_barrier() { wait(block.at_block_barrier, 0, block.threads); }

void warp_barrier() {
  const unsigned warp = block.current / kWarp;
  wait(block.at_warp_barrier[warp], warp * kWarp, kWarp);
}

void run(dim3 grid, unsigned threads, size_t shared_bytes, const std::function<void()>& kernel) {
  if (threads == 0 || threads % kWarp != 0 || threads > 1024)
    throw std::logic_error("A block has whole warps, at most 32.");
  if (block.coroutines.size() < threads) block.coroutines = std::vector<Coroutine>(threads);
  block.threads = threads;
  block.slots.resize(size_t{threads} * 64);
  block.kernel = &kernel;
  gridDim = grid;
  blockDim = dim3(threads);
  for (unsigned z = 0; z < grid.z; ++z) {
    for (unsigned y = 0; y < grid.y; ++y) {
      for (unsigned x = 0; x < grid.x; ++x) {
        blockIdx = dim3(x, y, z);
        run_block(shared_bytes);
      }
    }
  }
}

}  // namespace cuda_on_cpu
