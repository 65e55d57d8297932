#include "ops/narrow_linear.h"

#include <ATen/ATen.h>
#include <ATen/native/CPUBlas.h>

#include <algorithm>
#include <exception>
#include <limits>
#include <vector>

#include "ops/bfloat16_rows.h"
#include "ops/panel_linear.h"
#include "ops/precision.h"
#include "ops/simd.h"

namespace gp {
namespace {

/** A row as integers: x is about offset + scale * integer. */
struct RowScale {
  float scale;
  float offset;
};

/** A row with a value that is not finite gets a scale that is not a number, so that all that follows tells.
 */
GP_MULTIVERSION RowScale quantize_row(const float* x, int64_t count, uint8_t* out) {
  float least = std::numeric_limits<float>::infinity(), largest = -least;
  int32_t unordered = 0;
#pragma omp simd reduction(min : least) reduction(max : largest) reduction(| : unordered)
  for (int64_t i = 0; i < count; ++i) {
    least = x[i] < least ? x[i] : least;
    largest = x[i] > largest ? x[i] : largest;
    unordered |= x[i] != x[i] ? 1 : 0;
  }
  const float range = largest - least;
  if (unordered != 0 || !(range <= std::numeric_limits<float>::max())) {
    std::fill(out, out + count, uint8_t{0});
    return {std::numeric_limits<float>::quiet_NaN(), 0.0F};
  }
  const float scale = range > 0 ? range / 255.0F : 1.0F;
  const float inverse = 1.0F / scale;
#pragma omp simd
  for (int64_t i = 0; i < count; ++i) {
    const float level = (x[i] - least) * inverse + 0.5F;
    out[i] = static_cast<uint8_t>(static_cast<int32_t>(level < 255.0F ? level : 255.0F));
  }
  return {scale, least};
}

/** One row of a tile: sums of integers to numbers. */
GP_MULTIVERSION void dequantize_row(const int32_t* sums, int64_t count, RowScale row, const float* scales,
                                    const float* column_sums, const float* bias, float* out) {
#pragma omp simd
  for (int64_t i = 0; i < count; ++i)
    out[i] = row.scale * scales[i] * static_cast<float>(sums[i]) + row.offset * column_sums[i] + bias[i];
}

/** Tiles of 64 rows and 64 columns, a task each, computed by visit(tile). */
template <typename Visit>
void for_tiles(int64_t rows, int64_t columns, const Visit& visit) {
  const int64_t blocks = parts_of(rows, kTileProductRows), panels = parts_of(columns, kPanelColumns);
  for_tasks(blocks * panels, [&] {
    return [&, registers = TileRegisters()](int64_t task) {
      const int64_t row = task / panels * kTileProductRows, column = task % panels * kPanelColumns;
      visit(Tile{row, std::min(kTileProductRows, rows - row), column,
                 std::min(kPanelColumns, columns - column)});
    };
  });
}

}  // namespace

#if defined(__x86_64__) && defined(CPUBLAS_BRGEMM_U8I8I32) && defined(CPUBLAS_BRGEMM_BF16BF16F32)
namespace {

/** Whether oneDNN makes a kernel: it may be told, by ONEDNN_MAX_CPU_ISA, to use less than the processor has.
 */
template <typename Left, typename Right, typename Sum>
bool makes_kernels() {
  constexpr int64_t kDepth = 64;
  const std::vector<Left> a(kDepth);
  const std::vector<Right> b(kDepth * kPanelColumns);
  std::vector<Sum> c(kPanelColumns);
  try {
    at::native::cpublas::brgemm(1, kPanelColumns, kDepth, kDepth, kPanelColumns, kPanelColumns, false,
                                a.data(), b.data(), c.data());
    at::native::cpublas::brgemm_release();
    return true;
  } catch (const std::exception&) {
    return false;
  }
}

}  // namespace
#endif

const char* name_of(Precision precision) {
  switch (precision) {
    case Precision::kFloat:
      return "fp32";
    case Precision::kTf32:
      return "tf32";
    case Precision::kBfloat16:
      return "bf16";
    case Precision::kInt8:
      return "int8";
  }
  return "";
}

bool has_precision(Precision precision) {
  if (precision == Precision::kFloat) return true;
  if (precision == Precision::kTf32) return false;
#if defined(__x86_64__) && defined(CPUBLAS_BRGEMM_U8I8I32) && defined(CPUBLAS_BRGEMM_BF16BF16F32)
  static const bool int8 = has_tile_products() && __builtin_cpu_supports("avx512vnni") &&
                           makes_kernels<uint8_t, int8_t, int32_t>();
  static const bool bfloat16 = has_tile_products() && __builtin_cpu_supports("avx512bf16") &&
                               makes_kernels<c10::BFloat16, c10::BFloat16, float>();
  return precision == Precision::kInt8 ? int8 : bfloat16;
#else
  return false;
#endif
}

at::Tensor int8_linear(const at::Tensor& x_in, const Int8Weights& weights, const at::Tensor& bias,
                       const Activation* activation) {
  const at::Tensor x = x_in.contiguous();
  const int64_t rows = x.size(0), in = x.size(1), depth = weights.panels.depth(),
                out = weights.panels.columns();
  const at::Tensor levels = at::empty({rows, depth}, at::kByte);
  std::vector<RowScale> row_scales(static_cast<size_t>(rows));
  const float* from = x.const_data_ptr<float>();
  uint8_t* const to = levels.data_ptr<uint8_t>();
  at::parallel_for(0, rows, 8, [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      row_scales[static_cast<size_t>(r)] = quantize_row(from + r * in, in, to + r * depth);
      std::fill(to + r * depth + in, to + (r + 1) * depth, uint8_t{0});
    }
  });
  at::Tensor y = at::empty({rows, out}, x.options().requires_grad(false));
  float* const result = y.data_ptr<float>();
  const float *scales = weights.scales.const_data_ptr<float>(), *sums = weights.sums.const_data_ptr<float>();
  const float* b = bias.const_data_ptr<float>();
  for_tiles(rows, out, [&](const Tile& tile) {
    alignas(64) int32_t product[kTileProductRows * kPanelColumns];
    at::native::cpublas::brgemm(tile.rows, kPanelColumns, depth, depth, kPanelColumns, kPanelColumns, false,
                                to + tile.row * depth, weights.panels.panel(tile.column / kPanelColumns),
                                product);
    for (int64_t r = 0; r < tile.rows; ++r) {
      float* const line = result + (tile.row + r) * out + tile.column;
      dequantize_row(product + r * kPanelColumns, tile.columns, row_scales[static_cast<size_t>(tile.row + r)],
                     scales + tile.column, sums + tile.column, b + tile.column, line);
      if (activation != nullptr) activate(*activation, line, tile.columns, line);
    }
  });
  return y;
}

at::Tensor int8_linear_reference(const at::Tensor& x, at::TensorList weights, const at::Tensor& bias) {
  const at::Tensor w = joined(weights);
  const at::Tensor largest = w.abs().amax(1, /*keepdim=*/true);
  const at::Tensor w_scale = at::where(largest > 0, largest / 127, at::ones_like(largest));
  const at::Tensor w_levels = (w / w_scale).round();
  const at::Tensor least = x.amin(1, true), range = x.amax(1, true) - least;
  const at::Tensor x_scale = at::where(range > 0, range / 255, at::ones_like(range));
  const at::Tensor x_levels = ((x - least) / x_scale + 0.5).floor().clamp_max(255);
  return at::matmul(x_levels * x_scale + least, (w_levels * w_scale).t()) + bias;
}

at::Tensor bfloat16_linear(const at::Tensor& x_in, const NarrowPanels<c10::BFloat16>& weights,
                           const at::Tensor& bias, const Activation* activation) {
  const at::Tensor x = x_in.contiguous();
  const int64_t rows = x.size(0), depth = weights.depth(), out = weights.columns();
  const at::Tensor rounded = rounded_rows(x.const_data_ptr<float>(), rows, x.size(1));  // [T, depth]
  const auto* const to = static_cast<const c10::BFloat16*>(rounded.const_data_ptr());
  at::Tensor y = at::empty({rows, out}, x.options().requires_grad(false));
  float* const result = y.data_ptr<float>();
  const float* b = bias.const_data_ptr<float>();
  for_tiles(rows, out, [&](const Tile& tile) {
    float* const corner = result + tile.row * out + tile.column;
    at::native::cpublas::brgemm(tile.rows, tile.columns, depth, depth, kPanelColumns, out, false,
                                to + tile.row * depth, weights.panel(tile.column / kPanelColumns), corner);
    for (int64_t r = 0; r < tile.rows; ++r) {
      float* const line = corner + r * out;
      add_in_place(b + tile.column, tile.columns, line);
      if (activation != nullptr) activate(*activation, line, tile.columns, line);
    }
  });
  return y;
}

at::Tensor bfloat16_linear_reference(const at::Tensor& x, at::TensorList weights, const at::Tensor& bias) {
  const auto rounded = [](const at::Tensor& t) { return t.to(at::kBFloat16).to(t.scalar_type()); };
  return at::matmul(rounded(x), rounded(joined(weights)).t()) + bias;
}

NarrowLinear::NarrowLinear(Precision precision, at::TensorList weights, at::TensorList biases)
    : bias_(joined(biases).detach().clone()) {
  if (precision == Precision::kInt8) {
    weights_ = int8_weights(weights);
  } else {
    weights_ = bfloat16_weights(weights);
  }
}

at::Tensor NarrowLinear::forward(const at::Tensor& x, const Activation* activation) const {
  if (const auto* int8 = std::get_if<Int8Weights>(&weights_)) return int8_linear(x, *int8, bias_, activation);
  return bfloat16_linear(x, std::get<NarrowPanels<c10::BFloat16>>(weights_), bias_, activation);
}

}  // namespace gp
