#include "ops/weight_gradient.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <vector>

#include "ops/bfloat16_rows.h"
#include "ops/panel_product.h"
#include "ops/simd.h"
#include "ops/transpose.h"

namespace gp {
namespace {

// Rows summed at a time, at most: what a task has turned of them stays in the second-level cache.
constexpr int64_t kMostRows = kTileProductDepth;
// Depths are whole multiples of this, so that there are few different products.
constexpr int64_t kDepthStep = 16;
constexpr int64_t kBlock = 64;  // columns of G that are turned together
static_assert(kBlock == kTileProductRows && kBlock == kPanelColumns);

/** The rows in chunks of nearly equal depth. */
struct Chunks {
  explicit Chunks(int64_t rows_in)
      : rows(rows_in),
        count(parts_of(rows, kMostRows)),
        depth(filled_up(parts_of(rows, count), kDepthStep)),
        // Not a power of two, whose lines would share their places in the cache.
        line((depth / kDepthStep | 1) * kDepthStep) {}

  int64_t first(int64_t chunk) const { return chunk * depth; }
  /** Rows of a chunk; what its depth has more is zeros. */
  int64_t height(int64_t chunk) const { return std::max<int64_t>(0, std::min(depth, rows - first(chunk))); }

  int64_t rows;
  int64_t count;
  int64_t depth;
  int64_t line;  // from one turned column to the next
};

/** sums[columns] += the sums of from [rows, columns]: of a chunk first, which loses fewer digits. */
void add_column_sums(const float* from, int64_t stride, int64_t rows, int64_t columns, float* sums) {
  float partial[kBlock] = {};
  for (int64_t row = 0; row < rows; ++row) add_in_place(from + row * stride, columns, partial);
  add_in_place(partial, columns, sums);
}

/** C[rows, columns], or added to it, = A[rows, height] B[height, columns], where A has zeros up to its
 * chunk's depth. */
void chunk_product(int64_t rows, int64_t columns, int64_t height, const float* a, int64_t a_stride,
                   const float* b, int64_t b_stride, bool add, float* c, int64_t c_stride) {
  const int64_t whole = height / kDepthStep * kDepthStep;
  if (whole > 0) tile_product(rows, columns, whole, a, a_stride, b, b_stride, add, c, c_stride);
  if (whole == height) return;
  // What lies behind B's last row may not be a number, and A's zeros would not help against it.
  float rest[kDepthStep * kPanelColumns] = {};
  for (int64_t row = whole; row < height; ++row)
    std::copy_n(b + row * b_stride, columns, rest + (row - whole) * kPanelColumns);
  tile_product<float>(rows, columns, kDepthStep, a + whole, a_stride, rest, kPanelColumns, add || whole > 0,
                      c, c_stride);
}

/** What differs between the precisions: how G is turned, and X read. */
struct Plain {
  using Element = float;
  static constexpr auto kType = at::kFloat;

  static void turn(const float* from, int64_t stride, int64_t rows, int64_t columns, float* to,
                   const Chunks& chunks) {
    transpose(from, stride, rows, columns, to, chunks.line, chunks.depth);
  }
  /** X's panel, which is read where it lies. */
  struct Panel {
    explicit Panel(const Chunks&) {}
    void set(const float* from, int64_t from_stride, int64_t, int64_t) {
      data = from;
      stride = from_stride;
    }
    const float* data = nullptr;
    int64_t stride = 0;
  };
  static void multiply(int64_t rows, int64_t columns, int64_t height, const float* a, const Chunks& chunks,
                       const Panel& b, bool add, float* c, int64_t c_stride) {
    chunk_product(rows, columns, height, a, chunks.line, b.data, b.stride, add, c, c_stride);
  }
};

struct Rounded {
  using Element = c10::BFloat16;
  static constexpr auto kType = at::kBFloat16;

  static void turn(const float* from, int64_t stride, int64_t rows, int64_t columns, Element* to,
                   const Chunks& chunks) {
    transpose_rounded(from, stride, rows, columns, to, chunks.line, chunks.depth);
  }
  /** X's panel in pairs of rows, with zeros up to the depth. */
  struct Panel {
    explicit Panel(const Chunks& chunks)
        : depth(chunks.depth), memory(at::empty({chunks.depth, kPanelColumns}, at::kBFloat16)) {}
    void set(const float* from, int64_t stride, int64_t rows, int64_t columns) {
      auto* const to = static_cast<Element*>(memory.data_ptr());
      pair_rows(from, stride, rows, columns, to, kPanelColumns);
      const int64_t filled = even(rows) * kPanelColumns;
      std::fill(to + filled, to + depth * kPanelColumns, Element(0.0F));
    }
    int64_t depth;
    at::Tensor memory;
  };
  static void multiply(int64_t rows, int64_t columns, int64_t, const Element* a, const Chunks& chunks,
                       const Panel& b, bool add, float* c, int64_t c_stride) {
    tile_product(rows, columns, chunks.depth, a, chunks.line,
                 static_cast<const Element*>(b.memory.data_ptr()), kPanelColumns, add, c, c_stride);
  }
};

/** weight [n, m], or added to it, = G^T X; bias [n] += the sums of G's columns. */
template <typename Way>
void add_products(int64_t rows, const float* g, int64_t n, const float* x, int64_t m, bool add, float* weight,
                  float* bias) {
  using Element = typename Way::Element;
  const Chunks chunks(rows);
  // G's columns are what stays in the cache, X's what passes by.
  const ProductShares shares(m, parts_of(n, kBlock), at::get_num_threads(), /*copies=*/true);
  const int64_t turned_numbers = kBlock * chunks.line;
  for_tasks(shares.tasks(), [&] {
    const at::Tensor memory = at::empty({shares.most_panels(), turned_numbers}, Way::kType);
    return [&, memory, turned = static_cast<Element*>(memory.data_ptr()), panel = typename Way::Panel(chunks),
            registers = TileRegisters()](int64_t index) mutable {
      const ProductTask task = shares.task(index);
      const auto turned_block = [&](int64_t block) {
        return turned + (block - task.first_panel) * turned_numbers;
      };
      for (int64_t chunk = 0; chunk < chunks.count; ++chunk) {
        const int64_t first = chunks.first(chunk), height = chunks.height(chunk);
        for (int64_t block = task.first_panel; block < task.end_panel; ++block) {
          const int64_t column = block * kBlock, width = std::min(kBlock, n - column);
          const float* const from = g + first * n + column;
          Way::turn(from, n, height, width, turned_block(block), chunks);
          if (task.first_row == 0) add_column_sums(from, n, height, width, bias + column);
        }
        for (int64_t column = task.first_row; column < task.end_row; column += kPanelColumns) {
          const int64_t width = std::min(kPanelColumns, task.end_row - column);
          panel.set(x + first * m + column, m, height, width);
          for (int64_t block = task.first_panel; block < task.end_panel; ++block) {
            const int64_t row = block * kBlock;
            Way::multiply(std::min(kBlock, n - row), width, height, turned_block(block), chunks, panel,
                          add || chunk > 0, weight + row * m + column, m);
          }
        }
      }
    };
  });
}

}  // namespace

WeightGradient::WeightGradient(int64_t n, int64_t m, Precision precision)
    : n_(n),
      m_(m),
      precision_(precision),
      weight_(at::empty({n, m}, at::kFloat)),
      bias_(at::zeros({n}, at::kFloat)) {}

void WeightGradient::add(int64_t rows, const float* g, const float* x) {
  const auto add = precision_ == Precision::kBfloat16 ? add_products<Rounded> : add_products<Plain>;
  add(rows, g, n_, x, m_, begun_, weight_.data_ptr<float>(), bias_.data_ptr<float>());
  begun_ = true;
}

}  // namespace gp
