#pragma once

#include <cstdint>

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

}  // namespace gp
