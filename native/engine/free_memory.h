#pragma once

#include <cstdint>

namespace gp {

/// Keeps the memory that the allocator holds without use in bounds. Tensors of ever changing sizes leave gaps
/// that no later one fits into, and a long series of batches would take more and more. To return memory, and
/// to get it back, costs time: it is done only when much has gathered.
class FreeMemory {
 public:
  /// To be called between two jobs. Does nothing where the allocator is not glibc's.
  void bound();

 private:
  int64_t resident_ = 0;  // bytes, after memory was returned last
};

}  // namespace gp
