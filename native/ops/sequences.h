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

  /**
   * Sequences of which the host knows the bounds alone, and a device the rest: for steps that are recorded.
   * @param starts_there, positions_there what `starts_on` and `positions_on` are to give
   */
  static Sequences known_there(int64_t count, int64_t total, int64_t longest, at::Tensor starts_there,
                               at::Tensor positions_there);
  /** The first `count` of sequences that are known there. */
  Sequences first_there(int64_t count) const;
  bool are_known_there() const { return longest_there_ > 0; }
  /** The same as the host knows them, for which it waits for a device that knows them alone. */
  Sequences here() const;

  std::vector<int64_t> starts;

  int64_t count() const { return static_cast<int64_t>(starts.size()) - 1; }
  int64_t total() const { return starts.back(); }
  int64_t begin(int64_t sequence) const { return starts[static_cast<size_t>(sequence)]; }
  int64_t length(int64_t sequence) const { return begin(sequence + 1) - begin(sequence); }
  int64_t longest() const {
    int64_t longest = longest_there_;
    for (int64_t b = 0; longest_there_ == 0 && b < count(); ++b) longest = std::max(longest, length(b));
    return longest;
  }

  /** [B + 1] the starts as 32-bit integers on a device, where they stay once they were asked for. */
  const at::Tensor& starts_on(const at::Device& device) const;
  /** [T] each token's index in its sequence, likewise. */
  const at::Tensor& positions_on(const at::Device& device) const;

 private:
  mutable at::Tensor device_starts_, device_positions_;
  int64_t longest_there_ = 0;
};

}  // namespace gp
