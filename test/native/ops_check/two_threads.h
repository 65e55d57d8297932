#pragma once

#include <ATen/Parallel.h>

namespace gp::check {

/** Operations have two threads while it lives, else one. */
class TwoThreads {
 public:
  TwoThreads() { at::set_num_threads(2); }
  ~TwoThreads() { at::set_num_threads(1); }
  TwoThreads(const TwoThreads&) = delete;
  TwoThreads& operator=(const TwoThreads&) = delete;
};

}  // namespace gp::check
