#pragma once

#include <cstdint>

namespace gp {

/** How many parts of a size a whole is cut into. */
constexpr int64_t parts_of(int64_t whole, int64_t part) { return (whole + part - 1) / part; }

/** The least multiple of `step` that is not below `count`. */
constexpr int64_t filled_up(int64_t count, int64_t step) { return parts_of(count, step) * step; }

}  // namespace gp
