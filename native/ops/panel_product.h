#pragma once

#include <ATen/Parallel.h>

#include <algorithm>
#include <cstdint>

#include "ops/panel_matrix.h"
#include "ops/tile_product.h"

namespace gp {

/** A row-major matrix that is written, and the distance between its rows. */
struct OutputMatrix {
  float* data;
  int64_t stride;
};

/** Part of a result: rows from `row`, columns from `column` on. */
struct Tile {
  int64_t row;
  int64_t rows;
  int64_t column;
  int64_t columns;
};

/** Rows computed together: their part of A stays in the second-level cache while all panels pass by. */
inline constexpr int64_t kTileProductRows = 64;
/** Longer sums are made in pieces: a panel's piece and the rows' fit into the second-level cache. */
inline constexpr int64_t kTileProductDepth = 768;

/**
 * Into how many groups to share the panels out, so that the threads, each of which takes as many (rows,
 * group) one after the other, end at about the same time.
 */
int64_t panel_groups(int64_t rows, int64_t panels, int64_t threads);

/**
 * C[rows, columns] = A[rows, depth] B; `finish(tile)` is called for each tile of C once it is complete, while
 * it is still in the cache. Tiles are the same whatever the number of threads, and so are the results.
 */
template <typename Finish>
void panel_product(int64_t rows, const float* a, int64_t a_stride, const PanelMatrix& b, OutputMatrix c,
                   const Finish& finish) {
  const int64_t blocks = (rows + kTileProductRows - 1) / kTileProductRows;
  const int64_t groups = panel_groups(rows, b.panels(), at::get_num_threads());
  at::parallel_for(0, blocks * groups, 1, [&](int64_t begin, int64_t end) {
    for (int64_t task = begin; task < end; ++task) {
      // Neighbouring tasks share their panels.
      const int64_t row = task % blocks * kTileProductRows, group = task / blocks;
      const int64_t height = std::min(kTileProductRows, rows - row);
      const int64_t first = b.panels() * group / groups, last = b.panels() * (group + 1) / groups;
      for (int64_t depth = 0; depth < b.depth(); depth += kTileProductDepth) {
        const int64_t here = std::min(kTileProductDepth, b.depth() - depth);
        const bool complete = depth + here == b.depth();
        for (int64_t p = first; p < last; ++p) {
          const Tile tile{row, height, p * kPanelColumns, b.width(p)};
          tile_product(height, tile.columns, here, a + row * a_stride + depth, a_stride,
                       b.panel(p) + depth * kPanelColumns, kPanelColumns, depth > 0,
                       c.data + row * c.stride + tile.column, c.stride);
          if (complete) finish(tile);
        }
      }
    }
  });
}

}  // namespace gp
