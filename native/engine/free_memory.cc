#include "engine/free_memory.h"

#include "engine/block_allocator.h"

#ifdef __GLIBC__
#include <malloc.h>
#include <unistd.h>

#include <fstream>
#endif

namespace gp {

#ifdef __GLIBC__
namespace {

constexpr int64_t kMayGather = int64_t{256} << 20;  // bytes

/// Bytes of the process that are in memory; 0 where the system does not tell.
int64_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  int64_t size = 0;
  int64_t resident = 0;
  return statm >> size >> resident ? resident * sysconf(_SC_PAGESIZE) : 0;
}

}  // namespace

void FreeMemory::bound() {
  BlockAllocator::release(kMayGather);
  const int64_t now = resident_bytes();
  if (resident_ == 0) resident_ = now;
  if (now < resident_ + kMayGather) return;
  malloc_trim(0);
  resident_ = resident_bytes();
}
#else
void FreeMemory::bound() {}
#endif

}  // namespace gp
