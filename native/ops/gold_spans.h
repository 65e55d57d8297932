#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "ops/sequences.h"

namespace gp {

/** The gold spans of a packed batch, grouped by (sequence, type), sorted by (start, end), each once. */
struct GoldSpans {
  struct Cell {
    int64_t start;
    int64_t end;
    /** How much of an entity the cell is: 1, or above 0 and below 1 where labels were smoothed. */
    double target = 1;

    bool operator<(const Cell& other) const {
      return start != other.start ? start < other.start : end < other.end;
    }
    /** The same place, whatever the target. */
    bool operator==(const Cell& other) const { return start == other.start && end == other.end; }
  };
  /** [B * types + 1] where the cells of (sequence b, type t) begin: starts[b * types + t]. */
  std::vector<int64_t> starts;
  std::vector<Cell> cells;

  /** The same on a device. */
  struct There {
    at::Tensor places;   // [groups + 1 + 2 * room] `starts`, first tokens, last tokens
    at::Tensor targets;  // [room] in double
  };
  /** Where it is set, a device knows them alone: for steps that are recorded. */
  std::optional<There> there;
};

/** Gold spans on a device. */
GoldSpans::There gold_on(const GoldSpans& gold, const at::Device& device);

/** As 32-bit integers: `starts`, first and last tokens; with room for more spans than there are. */
std::vector<int32_t> gold_places(const GoldSpans& gold, size_t room);

/** Groups parallel columns of spans; a span given twice counts once. Indices must have been checked. */
GoldSpans group_gold_spans(int64_t sequences, int64_t types, const std::vector<int32_t>& sequence,
                           const std::vector<int32_t>& type, const std::vector<int32_t>& start,
                           const std::vector<int32_t>& end);

/**
 * Boundary smoothing (Zhu and Li 2022, arXiv 2204.12031) by one token: a gold span hands a quarter of
 * `epsilon` to each of the four spans that begin or end one token earlier or later, and keeps the rest. A
 * neighbour that is no span, or touches the sequence's first or last token ([CLS], [SEP]), gets nothing, and
 * its share stays. Shares that fall on one cell add up, to 1 at most.
 * @param types of the model
 */
GoldSpans smooth_boundaries(const GoldSpans& gold, const Sequences& sequences, int64_t types, double epsilon);

/** The spans of a batch whose sequences stand in it twice, one copy after the other. */
GoldSpans doubled(const GoldSpans& gold);

}  // namespace gp
