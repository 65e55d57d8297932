#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

namespace gp {

/** Where the B sequences of a packed batch of T tokens begin: B + 1 cumulative lengths, first 0, last T. */
struct Sequences {
  std::vector<int64_t> starts;

  int64_t count() const { return static_cast<int64_t>(starts.size()) - 1; }
  int64_t total() const { return starts.back(); }
  int64_t begin(int64_t sequence) const { return starts[static_cast<size_t>(sequence)]; }
  int64_t length(int64_t sequence) const { return begin(sequence + 1) - begin(sequence); }
  int64_t longest() const {
    int64_t longest = 0;
    for (int64_t b = 0; b < count(); ++b) longest = std::max(longest, length(b));
    return longest;
  }
};

}  // namespace gp
