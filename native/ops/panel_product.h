#pragma once

#include <ATen/ATen.h>

#include <algorithm>
#include <cstdint>
#include <type_traits>
#include <vector>

#include "ops/product_shares.h"
#include "ops/task_queue.h"
#include "ops/tile_product.h"
#include "ops/weight_panels.h"

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

/** Longer sums are made in pieces: the piece of a task's panels and the rows' fit into the second-level
 * cache. */
inline constexpr int64_t kTileProductDepth = 768;

inline int64_t even(int64_t depth) { return depth + depth % 2; }

/**
 * C[rows, columns] = A[rows, depth] B, in single precision or of numbers rounded to bfloat16, A then with a
 * zero behind rows of an odd depth; `finish(tile)` is called for each tile of C once it is complete, while it
 * is still in the cache. Tiles are the same whatever the number of threads, and so are the results.
 * @param b the right side: depth(), columns(), and panel(index, first, count, memory) for rows first .. first
 * + count of columns 64 index .. 64 index + 64, which may lie in `memory` or elsewhere
 */
template <typename Element, typename Right, typename Finish>
void panel_product(int64_t rows, const Element* a, int64_t a_stride, const Right& b, OutputMatrix c,
                   const Finish& finish) {
  constexpr bool kRounded = std::is_same_v<Element, c10::BFloat16>;
  const int64_t depth = b.depth(), columns = b.columns();
  const int64_t piece = std::min(kRounded ? even(depth) : depth, kTileProductDepth);
  const ProductShares shares(rows, parts_of(columns, kPanelColumns), at::get_num_threads(), Right::kCopies);
  const int64_t most = shares.most_panels(), panel_numbers = piece * kPanelColumns;
  for_tasks(shares.tasks(), [&] {
    const at::Tensor copies =
        at::empty({Right::kCopies ? most * panel_numbers : 0}, kRounded ? at::kBFloat16 : at::kFloat);
    return [&, copies, panels = std::vector<const Element*>(static_cast<size_t>(most)),
            registers = TileRegisters()](int64_t index) mutable {
      const ProductTask task = shares.task(index);
      for (int64_t from = 0; from < depth; from += piece) {
        const int64_t here = std::min(piece, depth - from);
        for (int64_t p = task.first_panel; p < task.end_panel; ++p) {
          const int64_t i = p - task.first_panel;
          panels[static_cast<size_t>(i)] = b.panel(
              p, from, here,
              Right::kCopies ? static_cast<Element*>(copies.data_ptr()) + i * panel_numbers : nullptr);
        }
        for (int64_t row = task.first_row; row < task.end_row; row += kTileProductRows) {
          const int64_t height = std::min(kTileProductRows, task.end_row - row);
          for (int64_t p = task.first_panel; p < task.end_panel; ++p) {
            const int64_t column = p * kPanelColumns;
            const Tile tile{row, height, column, std::min(kPanelColumns, columns - column)};
            tile_product(height, tile.columns, kRounded ? even(here) : here, a + row * a_stride + from,
                         a_stride, panels[static_cast<size_t>(p - task.first_panel)], kPanelColumns, from > 0,
                         c.data + row * c.stride + column, c.stride);
            if (from + here == depth) finish(tile);
          }
        }
      }
    };
  });
}

}  // namespace gp
