#include <ATen/ATen.h>

#include <vector>

#include "ops/panel_product.h"
#include "ops/simd.h"
#include "ops/transpose.h"

namespace gp {
namespace {

// Rows summed at a time. A product of this depth keeps its left side in the second-level cache.
constexpr int64_t kChunk = 256;

int64_t chunks_of(int64_t rows) { return (rows + kChunk - 1) / kChunk; }

/** [chunks, columns, kChunk]: the transpose of x [rows, columns], chunk by chunk, zeros behind the last row.
 */
at::Tensor transposed_chunks(int64_t rows, const float* x, int64_t columns) {
  const int64_t chunks = chunks_of(rows), blocks = (columns + kTransposeBlock - 1) / kTransposeBlock;
  at::Tensor turned = at::empty({chunks, columns, kChunk}, at::kFloat);
  float* to = turned.data_ptr<float>();
  at::parallel_for(0, chunks * blocks, 1, [&](int64_t begin, int64_t end) {
    for (int64_t task = begin; task < end; ++task) {
      const int64_t chunk = task / blocks, column = task % blocks * kTransposeBlock;
      const int64_t width = std::min(kTransposeBlock, columns - column);
      const int64_t here = std::min(kChunk, rows - chunk * kChunk);
      float* const lines = to + (chunk * columns + column) * kChunk;
      for (int64_t top = 0; top < here; top += kTransposeBlock) {
        transpose_block(x + (chunk * kChunk + top) * columns + column, columns,
                        std::min(kTransposeBlock, here - top), width, lines + top, kChunk);
      }
      for (int64_t i = 0; i < width; ++i)
        std::fill(lines + i * kChunk + here, lines + (i + 1) * kChunk, 0.0F);
    }
  });
  return turned;
}

/** C[n, m] = sum over chunks of left[chunk] [n, kChunk] right[chunk] [kChunk, m] */
void sum_of_products(int64_t rows, const float* left, int64_t n, const float* right, int64_t m, float* c) {
  const int64_t chunks = chunks_of(rows), panels = (m + kPanelColumns - 1) / kPanelColumns;
  const int64_t blocks = (n + kTileProductRows - 1) / kTileProductRows;
  // A panel is one task, unless there are too few of them.
  const int64_t wanted = 4 * at::get_num_threads();
  const int64_t groups = panels >= wanted ? 1 : std::min(blocks, (wanted + panels - 1) / panels);
  at::parallel_for(0, panels * groups, 1, [&](int64_t begin, int64_t end) {
    std::vector<float> padded;
    for (int64_t task = begin; task < end; ++task) {
      const int64_t column = task / groups * kPanelColumns, group = task % groups;
      const int64_t width = std::min(kPanelColumns, m - column);
      const int64_t first = blocks * group / groups, last = blocks * (group + 1) / groups;
      for (int64_t chunk = 0; chunk < chunks; ++chunk) {
        const int64_t here = std::min(kChunk, rows - chunk * kChunk);
        const float* b = right + chunk * kChunk * m + column;
        int64_t stride = m;
        if (here < kChunk) {
          // Zeros in the left side do not help against what may lie behind the right side's last row.
          padded.assign(static_cast<size_t>(kChunk * kPanelColumns), 0.0F);
          for (int64_t r = 0; r < here; ++r) std::copy_n(b + r * m, width, padded.data() + r * kPanelColumns);
          b = padded.data();
          stride = kPanelColumns;
        }
        for (int64_t block = first; block < last; ++block) {
          const int64_t row = block * kTileProductRows, height = std::min(kTileProductRows, n - row);
          tile_product(height, width, kChunk, left + (chunk * n + row) * kChunk, kChunk, b, stride, chunk > 0,
                       c + row * m + column, m);
        }
      }
    }
  });
}

}  // namespace

void gradient_product(int64_t rows, const float* g, int64_t n, const float* x, int64_t m, float* out) {
  // The narrower side is the one to be turned.
  if (n <= m) {
    const at::Tensor turned = transposed_chunks(rows, g, n);
    sum_of_products(rows, turned.const_data_ptr<float>(), n, x, m, out);
    return;
  }
  const at::Tensor turned = transposed_chunks(rows, x, m);
  const at::Tensor product = at::empty({m, n}, at::kFloat);
  sum_of_products(rows, turned.const_data_ptr<float>(), m, g, n, product.data_ptr<float>());
  at::from_blob(out, {n, m}, at::kFloat).copy_(product.t());
}

void column_sums(int64_t rows, const float* g, int64_t n, float* out) {
  constexpr int64_t kColumns = 64;
  at::parallel_for(0, (n + kColumns - 1) / kColumns, 1, [&](int64_t begin, int64_t end) {
    for (int64_t block = begin; block < end; ++block) {
      const int64_t column = block * kColumns, width = std::min(kColumns, n - column);
      float total[kColumns] = {};
      // Sums of sums lose fewer digits than one long sum.
      for (int64_t top = 0; top < rows; top += kChunk) {
        float partial[kColumns] = {};
        const int64_t bottom = std::min(rows, top + kChunk);
        for (int64_t r = top; r < bottom; ++r) add_in_place(g + r * n + column, width, partial);
        for (int64_t i = 0; i < width; ++i) total[i] += partial[i];
      }
      std::copy_n(total, width, out + column);
    }
  });
}

}  // namespace gp
