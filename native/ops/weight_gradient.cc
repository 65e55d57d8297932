#include "ops/weight_gradient.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <vector>

#include "ops/panel_product.h"
#include "ops/simd.h"
#include "ops/transpose.h"

namespace gp {
namespace {

// Rows summed at a time, at most: the left side of a product of this depth stays in the second-level cache.
constexpr int64_t kMostRows = 256;
// Depths are whole multiples of this, so that there are few different products.
constexpr int64_t kDepthStep = 16;
// From one line of a chunk to the next: not a power of two, whose lines would share their places in the
// cache.
constexpr int64_t kLine = kMostRows + 16;

constexpr int64_t kReadsWorthACopy = 8;

/** The rows in chunks of nearly equal depth. */
struct Chunks {
  explicit Chunks(int64_t rows_in)
      : rows(rows_in),
        count((rows + kMostRows - 1) / kMostRows),
        depth(((rows + count - 1) / count + kDepthStep - 1) / kDepthStep * kDepthStep) {}

  int64_t first(int64_t chunk) const { return chunk * depth; }
  /** Rows of a chunk; what its depth has more is zeros. */
  int64_t height(int64_t chunk) const { return std::max<int64_t>(0, std::min(depth, rows - first(chunk))); }

  int64_t rows;
  int64_t count;
  int64_t depth;
};

/** [chunks, columns, kLine]: the transpose of x [rows, columns], chunk by chunk. */
at::Tensor transposed_chunks(const Chunks& chunks, const float* x, int64_t columns) {
  const int64_t blocks = (columns + kTransposeBlock - 1) / kTransposeBlock;
  at::Tensor turned = at::empty({chunks.count, columns, kLine}, at::kFloat);
  float* to = turned.data_ptr<float>();
  at::parallel_for(0, chunks.count * blocks, 1, [&](int64_t begin, int64_t end) {
    for (int64_t task = begin; task < end; ++task) {
      const int64_t chunk = task / blocks, column = task % blocks * kTransposeBlock;
      const int64_t width = std::min(kTransposeBlock, columns - column), here = chunks.height(chunk);
      float* const lines = to + (chunk * columns + column) * kLine;
      for (int64_t top = 0; top < here; top += kTransposeBlock) {
        transpose_block(x + (chunks.first(chunk) + top) * columns + column, columns,
                        std::min(kTransposeBlock, here - top), width, lines + top, kLine);
      }
      for (int64_t i = 0; i < width; ++i)
        std::fill(lines + i * kLine + here, lines + i * kLine + chunks.depth, 0.0F);
    }
  });
  return turned;
}

/** C[n, m] = sum over chunks of left[chunk] [n, depth] right[chunk] [depth, m] */
void sum_of_products(const Chunks& chunks, const float* left, int64_t n, const float* right, int64_t m,
                     bool add, float* c) {
  const int64_t panels = (m + kPanelColumns - 1) / kPanelColumns;
  const int64_t blocks = (n + kTileProductRows - 1) / kTileProductRows;
  // A panel is one task, unless there are too few of them.
  const int64_t wanted = 4 * at::get_num_threads();
  const int64_t groups = panels >= wanted ? 1 : std::min(blocks, (wanted + panels - 1) / panels);
  at::parallel_for(0, panels * groups, 1, [&](int64_t begin, int64_t end) {
    std::vector<float> panel(static_cast<size_t>(chunks.depth * kPanelColumns));
    for (int64_t task = begin; task < end; ++task) {
      const int64_t column = task / groups * kPanelColumns, group = task % groups;
      const int64_t width = std::min(kPanelColumns, m - column);
      const int64_t first = blocks * group / groups, last = blocks * (group + 1) / groups;
      for (int64_t chunk = 0; chunk < chunks.count; ++chunk) {
        const int64_t here = chunks.height(chunk);
        const float* b = right + chunks.first(chunk) * m + column;
        int64_t b_line = m;
        // Rows that lie together are read faster, which pays when they are read often. What lies behind the
        // last row may not be a number, and zeros of the left side would not help against it.
        if (last - first >= kReadsWorthACopy || here < chunks.depth) {
          for (int64_t r = 0; r < here; ++r) std::copy_n(b + r * m, width, panel.data() + r * kPanelColumns);
          std::fill(panel.data() + here * kPanelColumns, panel.data() + panel.size(), 0.0F);
          b = panel.data();
          b_line = kPanelColumns;
        }
        for (int64_t block = first; block < last; ++block) {
          const int64_t row = block * kTileProductRows, height = std::min(kTileProductRows, n - row);
          tile_product(height, width, chunks.depth, left + (chunk * n + row) * kLine, kLine, b, b_line,
                       add || chunk > 0, c + row * m + column, m);
        }
      }
    }
  });
}

/** to [n, m] = from [m, n]^T */
void transpose(const float* from, int64_t m, int64_t n, float* to) {
  at::parallel_for(0, (n + kTransposeBlock - 1) / kTransposeBlock, 1, [&](int64_t begin, int64_t end) {
    for (int64_t block = begin; block < end; ++block) {
      const int64_t column = block * kTransposeBlock, width = std::min(kTransposeBlock, n - column);
      for (int64_t row = 0; row < m; row += kTransposeBlock) {
        transpose_block(from + row * n + column, n, std::min(kTransposeBlock, m - row), width,
                        to + column * m + row, m);
      }
    }
  });
}

/** out[n] += sum over the rows of g [rows, n] */
void add_column_sums(int64_t rows, const float* g, int64_t n, float* out) {
  constexpr int64_t kColumns = 64;
  at::parallel_for(0, (n + kColumns - 1) / kColumns, 1, [&](int64_t begin, int64_t end) {
    for (int64_t block = begin; block < end; ++block) {
      const int64_t column = block * kColumns, width = std::min(kColumns, n - column);
      // Sums of sums lose fewer digits than one long sum.
      for (int64_t top = 0; top < rows; top += kMostRows) {
        float partial[kColumns] = {};
        const int64_t bottom = std::min(rows, top + kMostRows);
        for (int64_t r = top; r < bottom; ++r) add_in_place(g + r * n + column, width, partial);
        add_in_place(partial, width, out + column);
      }
    }
  });
}

}  // namespace

WeightGradient::WeightGradient(int64_t rows, int64_t n, int64_t m)
    : n_(n),
      m_(m),
      // Turning G, or turning X and then the product: whichever moves fewer numbers.
      turn_g_(rows * n <= rows * m + n * m),
      product_(at::empty({turn_g_ ? n : m, turn_g_ ? m : n}, at::kFloat)),
      bias_(at::zeros({n}, at::kFloat)) {}

void WeightGradient::add(int64_t rows, const float* g, const float* x) {
  const Chunks chunks(rows);
  const at::Tensor turned = turn_g_ ? transposed_chunks(chunks, g, n_) : transposed_chunks(chunks, x, m_);
  sum_of_products(chunks, turned.const_data_ptr<float>(), product_.size(0), turn_g_ ? x : g, product_.size(1),
                  begun_, product_.data_ptr<float>());
  add_column_sums(rows, g, n_, bias_.data_ptr<float>());
  begun_ = true;
}

at::Tensor WeightGradient::weight() const {
  if (turn_g_) return product_;
  at::Tensor turned = at::empty({n_, m_}, at::kFloat);
  transpose(product_.const_data_ptr<float>(), m_, n_, turned.data_ptr<float>());
  return turned;
}

}  // namespace gp
