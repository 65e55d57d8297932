#pragma once

#include "kernels/matrix_units.h"
#include "kernels/span_inputs.h"

// A block of 256 threads computes the scores of a tile of 64 x 64 spans, and products with it. Each thread
// holds 16 numbers of a tile, at places that depend on what the products are made with.

namespace gp::kernels {

inline constexpr unsigned kTileThreads = 256;
inline constexpr int kOwn = kTile * kTile / static_cast<int>(kTileThreads);
inline constexpr int kCellStride = kTile + 1;  // so that columns, too, fall on different banks

/** Distance between the rows of an operand in shared memory. */
template <typename Storage>
inline constexpr int kOperandStride = kTile + 1;
template <>
inline constexpr int kOperandStride<Bfloat16> = kTile + 8;  // rows begin at multiples of 16 bytes

template <typename Storage>
struct TileMemory {
  Storage queries[kTile * kOperandStride<Storage>];
  Storage keys[kTile * kOperandStride<Storage>];
  Real<Storage> cells[kTile * kCellStride];
  Real<Storage> of_warps[kTileThreads / kWarp];
};

/** The sequence that a block works on. */
struct SequencePlace {
  template <typename Storage>
  __device__ SequencePlace(const SpanInputs<Storage>& in, int sequence)
      : begin(in.starts[sequence]),
        length(in.starts[sequence + 1] - begin),
        first(in.mask_special_tokens && length > 0 ? 1 : 0),
        end(in.mask_special_tokens && length > 0 ? length - 1 : length) {}

  __device__ bool has_tile(int tile) const { return tile * kTile < length; }
  __device__ bool counts(int i, int j) const { return first <= i && i <= j && j < end; }

  int begin;  // of the sequence in the packed batch
  int length;
  int first;  // token that may begin or end a span
  int end;
};

/** How a thread's numbers are spread over a tile, and products, by plain multiplications. */
template <typename Storage>
struct TileProducts {
  using R = Real<Storage>;

  __device__ static int row(int own) { return static_cast<int>(threadIdx.x) / 16 * 4 + own / 4; }
  __device__ static int column(int own) { return static_cast<int>(threadIdx.x) % 16 + own % 4 * 16; }

  /** sum += left right^T over the first `depth` columns of both. */
  __device__ static void by_transposed(R (&sum)[kOwn], const Storage* left, const Storage* right, int depth) {
    for (int k = 0; k < depth; ++k) {
      add(
          sum, [&](int r) { return left[r * kOperandStride<Storage> + k]; },
          [&](int c) { return right[c * kOperandStride<Storage> + k]; });
    }
  }
  /** sum += cells right */
  __device__ static void cells_by(R (&sum)[kOwn], const R* cells, const Storage* right) {
    for (int k = 0; k < kTile; ++k) {
      add(
          sum, [&](int r) { return cells[r * kCellStride + k]; },
          [&](int c) { return right[k * kOperandStride<Storage> + c]; });
    }
  }
  /** sum += cells^T right */
  __device__ static void transposed_cells_by(R (&sum)[kOwn], const R* cells, const Storage* right) {
    for (int k = 0; k < kTile; ++k) {
      add(
          sum, [&](int r) { return cells[k * kCellStride + r]; },
          [&](int c) { return right[k * kOperandStride<Storage> + c]; });
    }
  }

 private:
  template <typename Left, typename Right>
  __device__ static void add(R (&sum)[kOwn], Left left, Right right) {
    R l[4], r[4];
    GP_UNROLL
    for (int i = 0; i < 4; ++i) {
      l[i] = left(row(4 * i));
      r[i] = right(column(i));
    }
    GP_UNROLL
    for (int i = 0; i < 4; ++i) {
      GP_UNROLL
      for (int j = 0; j < 4; ++j) sum[i * 4 + j] += l[i] * r[j];
    }
  }
};

/** The same by matrix units: a warp has 16 rows and 32 columns, in four parts of 8 (kernels/matrix_units.h).
 */
template <>
struct TileProducts<Bfloat16> {
  __device__ static int row(int own) { return warp() % 4 * 16 + group() + own % 4 / 2 * 8; }
  __device__ static int column(int own) { return warp() / 4 * 32 + own / 4 * 8 + in_group() * 2 + own % 2; }

  __device__ static void by_transposed(float (&sum)[kOwn], const Bfloat16* left, const Bfloat16* right,
                                       int depth) {
    constexpr int kStride = kOperandStride<Bfloat16>;
    multiply(
        sum, depth, [&](int r, int k) { return pair_at(left + r * kStride + k); },
        [&](int k, int c) { return pair_at(right + c * kStride + k); });
  }
  __device__ static void cells_by(float (&sum)[kOwn], const float* cells, const Bfloat16* right) {
    constexpr int kStride = kOperandStride<Bfloat16>;
    multiply(
        sum, kTile,
        [&](int r, int k) { return packed_pair(cells[r * kCellStride + k], cells[r * kCellStride + k + 1]); },
        [&](int k, int c) { return packed_pair(right[k * kStride + c], right[(k + 1) * kStride + c]); });
  }
  __device__ static void transposed_cells_by(float (&sum)[kOwn], const float* cells, const Bfloat16* right) {
    constexpr int kStride = kOperandStride<Bfloat16>;
    multiply(
        sum, kTile,
        [&](int r, int k) {
          return packed_pair(cells[k * kCellStride + r], cells[(k + 1) * kCellStride + r]);
        },
        [&](int k, int c) { return packed_pair(right[k * kStride + c], right[(k + 1) * kStride + c]); });
  }

 private:
  __device__ static int warp() { return static_cast<int>(threadIdx.x / kWarp); }
  __device__ static int group() { return static_cast<int>(threadIdx.x % kWarp / 4); }
  __device__ static int in_group() { return static_cast<int>(threadIdx.x % 4); }

  __device__ static uint32_t pair_at(const Bfloat16* address) {
    return *reinterpret_cast<const uint32_t*>(address);
  }

  /** left(r, k) is the pair of columns k and k + 1 in row r, right(k, c) that of rows k and k + 1 in column
   * c. */
  template <typename Left, typename Right>
  __device__ static void multiply(float (&sum)[kOwn], int depth, Left left, Right right) {
    const int top = warp() % 4 * 16 + group(), from = warp() / 4 * 32 + group();
    for (int k = 0; k < depth; k += 16) {
      const int near = k + in_group() * 2, far = near + 8;
      const uint32_t a[4] = {left(top, near), left(top + 8, near), left(top, far), left(top + 8, far)};
      GP_UNROLL
      for (int part = 0; part < 4; ++part) {
        const uint32_t b[2] = {right(near, from + part * 8), right(far, from + part * 8)};
        float c[4];
        GP_UNROLL
        for (int i = 0; i < 4; ++i) c[i] = sum[part * 4 + i];
        multiply_add(c, a, b);
        GP_UNROLL
        for (int i = 0; i < 4; ++i) sum[part * 4 + i] = c[i];
      }
    }
  }
};

/** Storage by the 16 bytes. */
template <typename Storage>
struct alignas(16) Pack {
  static constexpr int kCount = 16 / static_cast<int>(sizeof(Storage));
  Storage values[kCount];
};

/**
 * The part [from, from + 64) of the queries (which = 0) or keys (1) of a tile's tokens goes to shared memory;
 * what lies beyond the sequence or beyond the vectors becomes 0.
 */
template <typename Storage>
__device__ void load_operand(const SpanInputs<Storage>& in, const SequencePlace& place, int group, int which,
                             int tile, int from, Storage* to) {
  const int64_t stride = static_cast<int64_t>(in.groups) * 2 * in.size;  // between tokens
  const Storage* source = in.query_key + (place.begin + static_cast<int64_t>(tile) * kTile) * stride +
                          (static_cast<int64_t>(group) * 2 + which) * in.size + from;
  const int rows = place.length - tile * kTile, columns = in.size - from;
  constexpr int kPack = Pack<Storage>::kCount;
  const bool packs = in.size % kPack == 0 && reinterpret_cast<uintptr_t>(in.query_key) % 16 == 0;
  constexpr int kPacksOfRow = kTile / kPack;
  for (int i = static_cast<int>(threadIdx.x); i < kTile * kPacksOfRow; i += kTileThreads) {
    const int row = i / kPacksOfRow, column = i % kPacksOfRow * kPack;
    Pack<Storage> pack{};
    if (row < rows && column < columns) {
      if (packs) {
        pack = *reinterpret_cast<const Pack<Storage>*>(source + row * stride + column);
      } else {
        GP_UNROLL
        for (int k = 0; k < kPack; ++k) {
          if (column + k < columns) pack.values[k] = source[row * stride + column + k];
        }
      }
    }
    GP_UNROLL
    for (int k = 0; k < kPack; ++k) to[row * kOperandStride<Storage> + column + k] = pack.values[k];
  }
}

/** q_i . k_j of a tile. Ends with operands of the last part of the vectors in shared memory. */
template <typename Storage>
__device__ void tile_products(const SpanInputs<Storage>& in, const SequencePlace& place, int group,
                              int row_tile, int column_tile, TileMemory<Storage>& memory,
                              Real<Storage> (&products)[kOwn]) {
  for (int from = 0; from < in.size; from += kTile) {
    __syncthreads();  // what was there may still be read
    load_operand(in, place, group, 0, row_tile, from, memory.queries);
    load_operand(in, place, group, 1, column_tile, from, memory.keys);
    __syncthreads();
    const int depth = in.size - from < kTile ? in.size - from : kTile;
    TileProducts<Storage>::by_transposed(products, memory.queries, memory.keys, depth);
  }
}

/** The score of the span (i, j) of a type, of the product of its query and key. */
template <typename Storage>
__device__ Real<Storage> score_of(const SpanInputs<Storage>& in, const SequencePlace& place, int type, int i,
                                  int j, Real<Storage> product) {
  Real<Storage> score = product * static_cast<Real<Storage>>(in.scale);
  if (in.bias != nullptr) {
    const int64_t first = (static_cast<int64_t>(place.begin) + i) * in.types + type;
    const int64_t last = (static_cast<int64_t>(place.begin) + j) * in.types + type;
    score += load(in.bias[first * 2 + 1]) + load(in.bias[last * 2]);
  }
  return score;
}

/** Calls visit(number of the gold span, its place in the tile) for the gold spans of a tile, each by one
 * thread. */
template <typename Visit>
__device__ void for_gold_in_tile(const GoldInputs& gold, int64_t sequence_type, int row_tile, int column_tile,
                                 Visit visit) {
  int low = gold.starts[sequence_type];
  const int end = gold.starts[sequence_type + 1];
  for (int high = end; low < high;) {  // the first that begins in the tile's rows or later
    const int middle = low + (high - low) / 2;
    if (gold.first[middle] < row_tile * kTile) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  for (int span = low + static_cast<int>(threadIdx.x); span < end; span += kTileThreads) {
    const int row = gold.first[span] - row_tile * kTile, column = gold.last[span] - column_tile * kTile;
    if (row >= kTile) break;
    if (column >= 0 && column < kTile) visit(span, row * kCellStride + column);
  }
}

}  // namespace gp::kernels
