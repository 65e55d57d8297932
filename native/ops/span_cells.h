#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "ops/gemm.h"
#include "ops/sequences.h"

namespace gp {

/**
 * The cells of the score matrices that count: i <= j within the sequence, without its first and last token
 * when special tokens are masked. All others are left out of sums and results, never set to a large negative
 * number.
 */
struct SpanCells {
  bool mask_special_tokens = false;

  int64_t first(int64_t length) const { return mask_special_tokens && length > 0 ? 1 : 0; }
  /** One past the last token that may begin or end a span. */
  int64_t end(int64_t length) const { return mask_special_tokens && length > 0 ? length - 1 : length; }
};

/** Rows of a score matrix that are computed at a time. */
constexpr int64_t kTileRows = 64;

/** Rotated query and key vectors of every token and entity type, and the scores they make. */
template <typename T>
struct SpanScores {
  const T* query_key;  // [T, types, 2, d]
  int64_t types;
  int64_t size;
  const Sequences& sequences;
  SpanCells cells;

  int64_t row() const { return types * 2 * size; }
  int64_t tasks() const { return sequences.count() * types; }
  int64_t length(int64_t task) const { return sequences.length(task / types); }
  int64_t first(int64_t task) const { return cells.first(length(task)); }
  int64_t end(int64_t task) const { return cells.end(length(task)); }
  /** Where the query of token 0 lies; its key is `size` further, the next token `row()` further. */
  int64_t offset(int64_t task) const {
    return sequences.begin(task / types) * row() + (task % types) * 2 * size;
  }

  /**
   * out[r, c] = q_{top+r} . k_{top+c} * scale for r < rows and top + c < end(task); cells with c < r are
   * below the diagonal and hold no score.
   */
  void score_rows(int64_t task, int64_t top, int64_t rows, T scale, T* out, int64_t out_row_stride) const {
    const T* query = query_key + offset(task) + top * row();
    gemm<T>(rows, end(task) - top, size, scale, {query, row()}, {query + size, row(), true}, T(0), out,
            out_row_stride);
  }
};

}  // namespace gp
