#include "ops/product_shares.h"

#include "ops/rounding.h"

namespace gp {
namespace {

constexpr int64_t kMostPanels = 3;  // of a task
// Measured, in the time that a row takes with one panel: copying a panel, and fetching a row for a task.
constexpr double kCopyCost = 30, kRowCost = 0.04;

}  // namespace

ProductShares::ProductShares(int64_t rows, int64_t panels, int64_t threads, bool copies)
    : rows_(rows), blocks_(parts_of(rows, kTileProductRows)), panels_(panels) {
  double least = -1;
  for (int64_t groups = parts_of(panels, kMostPanels); groups <= panels; ++groups) {
    for (int64_t row_groups = 1; row_groups <= std::min(blocks_, 2 * threads); ++row_groups) {
      const auto width = static_cast<double>(parts_of(panels, groups));
      const auto height =
          static_cast<double>(std::min(rows, parts_of(blocks_, row_groups) * kTileProductRows));
      const auto rounds = static_cast<double>(parts_of(groups * row_groups, threads));
      const double time = rounds * (width * (height + (copies ? kCopyCost : 0)) + kRowCost * height);
      if (least >= 0 && time >= least) continue;
      least = time;
      panel_groups_ = groups;
      row_groups_ = row_groups;
    }
  }
}

ProductTask ProductShares::task(int64_t index) const {
  // Neighbouring tasks share their rows.
  const int64_t panels = index % panel_groups_, rows = index / panel_groups_;
  return {blocks_ * rows / row_groups_ * kTileProductRows,
          std::min(rows_, blocks_ * (rows + 1) / row_groups_ * kTileProductRows),
          panels_ * panels / panel_groups_, panels_ * (panels + 1) / panel_groups_};
}

}  // namespace gp
