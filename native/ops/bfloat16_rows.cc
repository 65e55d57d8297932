#include "ops/bfloat16_rows.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <cstring>

#include "ops/simd.h"
#include "ops/transpose.h"

namespace gp {
namespace {

// Blocks of 16 x 16 pairs pass through transpose_block, which moves 32 bits at a time.
constexpr int64_t kBlock = kTransposeBlock;

__attribute__((always_inline)) inline uint32_t rounded_bits(float x) {
  uint32_t bits;
  std::memcpy(&bits, &x, sizeof(bits));
  // The largest numbers become infinity.
  const uint32_t rounded = (bits + 0x7FFFU + ((bits >> 16) & 1U)) >> 16;
  return x != x ? 0x7FC0U : rounded;
}

GP_MULTIVERSION void round_bits(const float* from, int64_t count, uint16_t* to) {
#pragma omp simd
  for (int64_t i = 0; i < count; ++i) to[i] = static_cast<uint16_t>(rounded_bits(from[i]));
}

GP_MULTIVERSION void pair_bits(const float* first, const float* second, int64_t count, uint32_t* to) {
#pragma omp simd
  for (int64_t i = 0; i < count; ++i) to[i] = rounded_bits(first[i]) | rounded_bits(second[i]) << 16;
}

GP_MULTIVERSION void single_bits(const float* first, int64_t count, uint32_t* to) {
#pragma omp simd
  for (int64_t i = 0; i < count; ++i) to[i] = rounded_bits(first[i]);
}

/** One row of pairs; `second` is null beside an odd last row. */
void pair_two(const float* first, const float* second, int64_t count, uint32_t* to) {
  if (second != nullptr) {
    pair_bits(first, second, count, to);
  } else {
    single_bits(first, count, to);
  }
}

// Pairs as the lanes that transpose_block moves.
const float* lanes(const uint32_t* pairs) { return reinterpret_cast<const float*>(pairs); }
float* lanes(c10::BFloat16* pairs) { return reinterpret_cast<float*>(pairs); }

}  // namespace

void round_numbers(const float* from, int64_t count, c10::BFloat16* to) {
  round_bits(from, count, reinterpret_cast<uint16_t*>(to));
}

at::Tensor rounded_rows(const float* from, int64_t rows, int64_t columns) {
  const int64_t line = (columns + 1) / kBfloat16Pair * kBfloat16Pair;
  at::Tensor rounded = at::empty({rows, line}, at::kBFloat16);
  auto* const to = static_cast<c10::BFloat16*>(rounded.data_ptr());
  at::parallel_for(0, rows, 8, [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      round_numbers(from + r * columns, columns, to + r * line);
      if (columns < line) to[r * line + columns] = c10::BFloat16(0.0F);
    }
  });
  return rounded;
}

void pair_rows(const float* from, int64_t stride, int64_t rows, int64_t columns, c10::BFloat16* to,
               int64_t to_columns) {
  auto* const pairs = reinterpret_cast<uint32_t*>(to);
  for (int64_t row = 0; row < rows; row += kBfloat16Pair) {
    const float* const first = from + row * stride;
    pair_two(first, row + 1 < rows ? first + stride : nullptr, columns,
             pairs + row / kBfloat16Pair * to_columns);
  }
}

void transpose_rounded(const float* from, int64_t stride, int64_t rows, int64_t columns, c10::BFloat16* to,
                       int64_t to_stride, int64_t filled) {
  uint32_t block[kBlock * kBlock];  // [pairs of rows, columns]
  for (int64_t column = 0; column < columns; column += kBlock) {
    const int64_t width = std::min(kBlock, columns - column);
    for (int64_t row = 0; row < filled; row += kBfloat16Pair * kBlock) {
      const int64_t pairs = std::min(kBlock, (filled - row) / kBfloat16Pair);
      for (int64_t p = 0; p < pairs; ++p) {
        const int64_t first = row + p * kBfloat16Pair;
        if (first < rows) {
          const float* const at = from + first * stride + column;
          pair_two(at, first + 1 < rows ? at + stride : nullptr, width, block + p * kBlock);
        } else {
          std::fill_n(block + p * kBlock, width, 0U);
        }
      }
      transpose_block(lanes(block), kBlock, pairs, width, lanes(to + column * to_stride + row),
                      to_stride / kBfloat16Pair);
    }
  }
}

void pair_columns(const float* from, int64_t stride, int64_t rows, int64_t columns, c10::BFloat16* to,
                  int64_t to_columns) {
  uint32_t block[kBlock * kBlock];  // [rows, pairs of columns]
  for (int64_t row = 0; row < rows; row += kBlock) {
    const int64_t height = std::min(kBlock, rows - row);
    for (int64_t column = 0; column < columns; column += kBfloat16Pair * kBlock) {
      const int64_t width = std::min(kBfloat16Pair * kBlock, columns - column),
                    pairs = (width + 1) / kBfloat16Pair;
      for (int64_t r = 0; r < height; ++r) {
        auto* const line = reinterpret_cast<uint16_t*>(block + r * kBlock);
        round_bits(from + (row + r) * stride + column, width, line);
        if (width < pairs * kBfloat16Pair) line[width] = 0;
      }
      transpose_block(lanes(block), kBlock, height, pairs,
                      lanes(to) + column / kBfloat16Pair * to_columns + row, to_columns);
    }
  }
}

}  // namespace gp
