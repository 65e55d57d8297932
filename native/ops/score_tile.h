#pragma once

#include <algorithm>
#include <cstdint>

#include "ops/rounding.h"
#include "ops/sequences.h"
#include "ops/span_cells.h"

namespace gp {

// Lines of a tile are filled up, and their distances more so: there are few different products then.
inline constexpr int64_t kLineStep = 16, kStrideStep = 64;

inline int64_t line_length(int64_t columns) { return filled_up(columns, kLineStep); }
/** From one line of `columns` scores to the next. */
inline int64_t line_stride(int64_t columns) { return filled_up(columns, kStrideStep); }

/**
 * Some rows of the score matrices of one sequence, for one or all types: [types, rows, stride], of which the
 * first `columns` of a row count: what is left of the stride may be used as scratch, up to
 * line_length(columns). Column 0 is the token of row 0, so cells with column < row hold no score.
 */
template <typename T>
struct ScoreTile {
  T* data;
  int64_t rows;
  int64_t columns;
  int64_t stride;

  T* line(int64_t type, int64_t row) const { return data + (type * rows + row) * stride; }
};

/**
 * The pieces in which spans are worked on: a task is one sequence, with one type where every type has a
 * product of its own, else with all of them.
 */
struct SpanTasks {
  const Sequences& sequences;
  SpanCells cells;
  int64_t types;  // of the model
  bool by_type;   // a task has one type

  int64_t tasks_per_sequence() const { return by_type ? types : 1; }
  int64_t count() const { return sequences.count() * tasks_per_sequence(); }
  int64_t sequence(int64_t task) const { return task / tasks_per_sequence(); }
  int64_t first_type(int64_t task) const { return by_type ? task % types : 0; }
  int64_t types_of_task() const { return by_type ? 1 : types; }
  int64_t first(int64_t task) const { return cells.first(sequences.length(sequence(task))); }
  int64_t end(int64_t task) const { return cells.end(sequences.length(sequence(task))); }
};

}  // namespace gp
