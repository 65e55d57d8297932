#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "ops/task_queue.h"

namespace gp {

/** Numbers of a task that passes over memory, about: few tasks, and small beside what a thread does of them.
 */
inline constexpr int64_t kTaskNumbers = 1 << 15;

/** Calls visit(part, task of the part) for the tasks of all parts, which have as many as tasks_of says. */
template <typename Part, typename TasksOf, typename Visit>
void for_tasks_of(const std::vector<Part>& parts, const TasksOf& tasks_of, const Visit& visit) {
  std::vector<int64_t> ends;
  int64_t count = 0;
  for (const auto& part : parts) ends.push_back(count += tasks_of(part));
  for_tasks(count, [&] {
    return [&](int64_t task) {
      const auto part = static_cast<size_t>(std::upper_bound(ends.begin(), ends.end(), task) - ends.begin());
      visit(parts[part], task - (part == 0 ? 0 : ends[part - 1]), task);
    };
  });
}

}  // namespace gp
