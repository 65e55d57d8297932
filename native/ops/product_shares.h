#pragma once

#include <algorithm>
#include <cstdint>

#include "ops/rounding.h"
#include "ops/weight_panels.h"

namespace gp {

/** Rows computed together: their part of the left side stays in the second-level cache for all panels. */
inline constexpr int64_t kTileProductRows = 64;

/** A range of rows and of panels: what a thread works on at a time. */
struct ProductTask {
  int64_t first_row, end_row;
  int64_t first_panel, end_panel;
};

/**
 * How a product of `rows` rows and `panels` panels is shared out: in tasks of up to three panels, which stay
 * in the second-level cache while the rows pass by. Tiles of 64 rows and 64 columns are never cut.
 */
class ProductShares {
 public:
  /** @param copies whether each task copies its panels first */
  ProductShares(int64_t rows, int64_t panels, int64_t threads, bool copies);

  int64_t tasks() const { return panel_groups_ * row_groups_; }
  /** Panels of a task, at most. */
  int64_t most_panels() const { return parts_of(panels_, panel_groups_); }
  ProductTask task(int64_t index) const;

 private:
  int64_t rows_, blocks_, panels_;
  int64_t panel_groups_ = 1, row_groups_ = 1;
};

}  // namespace gp
