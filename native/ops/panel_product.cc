#include "ops/panel_product.h"

namespace gp {
namespace {

/** Panels times rows of the thread that has most to do. */
int64_t longest_share(int64_t rows, int64_t panels, int64_t threads, int64_t groups) {
  const int64_t blocks = (rows + kTileProductRows - 1) / kTileProductRows, tasks = blocks * groups;
  const int64_t share = (tasks + threads - 1) / threads;
  int64_t longest = 0;
  for (int64_t begin = 0; begin < tasks; begin += share) {
    int64_t work = 0;
    for (int64_t task = begin; task < std::min(tasks, begin + share); ++task) {
      const int64_t group = task / blocks, row = task % blocks * kTileProductRows;
      work +=
          (panels * (group + 1) / groups - panels * group / groups) * std::min(kTileProductRows, rows - row);
    }
    longest = std::max(longest, work);
  }
  return longest;
}

}  // namespace

int64_t panel_groups(int64_t rows, int64_t panels, int64_t threads) {
  int64_t best = 1, least = longest_share(rows, panels, threads, 1);
  for (int64_t groups = 2; groups <= std::min(panels, 2 * threads); ++groups) {
    const int64_t longest = longest_share(rows, panels, threads, groups);
    if (longest >= least) continue;
    best = groups;
    least = longest;
  }
  return best;
}

}  // namespace gp
