#pragma once

#include <ATen/Parallel.h>

#include <algorithm>
#include <atomic>
#include <cstdint>

namespace gp {

/**
 * Calls visit(task) for 0 <= task < count, every thread taking the next task that is left: a thread that
 * other programs hold up delays no more than the task it is at. Which thread takes which task differs from
 * run to run, so a task must not depend on the others.
 * @param begin makes a thread's `visit`, which may own memory that its tasks use one after the other
 */
template <typename Begin>
void for_tasks(int64_t count, const Begin& begin) {
  std::atomic<int64_t> next{0};
  at::parallel_for(0, std::min<int64_t>(count, at::get_num_threads()), 1, [&](int64_t, int64_t) {
    auto visit = begin();
    for (int64_t task = next++; task < count; task = next++) visit(task);
  });
}

}  // namespace gp
