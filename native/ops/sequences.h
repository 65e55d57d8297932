#pragma once

#include <ATen/core/Tensor.h>

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

namespace gp {

/** Where the B sequences of a packed batch of T tokens begin: B + 1 cumulative lengths, first 0, last T. */
struct Sequences {
  Sequences(std::vector<int64_t> starts_in = {}) : starts(std::move(starts_in)) {}

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

  /** [B + 1] the starts as 32-bit integers on a device, where they stay once they were asked for. */
  const at::Tensor& starts_on(const at::Device& device) const;
  /** [T] each token's index in its sequence, likewise. */
  const at::Tensor& positions_on(const at::Device& device) const;

 private:
  mutable at::Tensor device_starts_, device_positions_;
};

}  // namespace gp
