#include "kernels/span_loss.h"
#include "kernels/span_tile.h"

namespace gp::kernels {
namespace {

/** The largest of all threads' values, or their sum, in every thread. */
template <typename R, bool kSum>
__device__ R over_block(R value, R* of_warps) {
  value = kSum ? warp_sum(value) : warp_max(value);
  __syncthreads();  // what was there may still be read
  if (threadIdx.x % kWarp == 0) of_warps[threadIdx.x / kWarp] = value;
  __syncthreads();
  R result = of_warps[0];
  for (unsigned warp = 1; warp < kTileThreads / kWarp; ++warp)
    result = kSum ? result + of_warps[warp] : larger(result, of_warps[warp]);
  return result;
}

/** A block a tile: the largest score and the sum of exponentials, gold spans left out; their scores are
 * noted. */
template <typename Storage>
__global__ void __launch_bounds__(kTileThreads)
    sum_tiles(SpanInputs<Storage> in, GoldInputs gold, SpanLossRoom<Real<Storage>> room) {
  using R = Real<Storage>;
  using Products = TileProducts<Storage>;
  auto& memory = *shared_memory<TileMemory<Storage>>();
  const int sequence = static_cast<int>(blockIdx.x) / in.groups,
            group = static_cast<int>(blockIdx.x) % in.groups;
  const int row_tile = static_cast<int>(blockIdx.y), column_tile = static_cast<int>(blockIdx.z);
  const SequencePlace place(in, sequence);
  if (column_tile < row_tile || !place.has_tile(column_tile)) return;

  R products[kOwn] = {};
  tile_products(in, place, group, row_tile, column_tile, memory, products);
  const int types = in.types / in.groups;
  for (int type = group * types; type < (group + 1) * types; ++type) {
    const int64_t task = static_cast<int64_t>(sequence) * in.types + type;
    __syncthreads();
    for (int own = 0; own < kOwn; ++own) {
      const int row = Products::row(own), column = Products::column(own);
      const int i = row_tile * kTile + row, j = column_tile * kTile + column;
      memory.cells[row * kCellStride + column] =
          place.counts(i, j) ? score_of(in, place, type, i, j, products[own]) : static_cast<R>(-INFINITY);
    }
    __syncthreads();
    for_gold_in_tile(gold, task, row_tile, column_tile, [&](int span, int cell) {
      room.gold_scores[span] = memory.cells[cell];
      memory.cells[cell] = static_cast<R>(-INFINITY);
    });
    __syncthreads();
    R largest = 0;
    for (int own = 0; own < kOwn; ++own)
      largest = larger(largest, memory.cells[Products::row(own) * kCellStride + Products::column(own)]);
    largest = over_block<R, false>(largest, memory.of_warps);
    R sum = 0;
    for (int own = 0; own < kOwn; ++own)
      sum += exp_of(memory.cells[Products::row(own) * kCellStride + Products::column(own)] - largest);
    sum = over_block<R, true>(sum, memory.of_warps);
    if (threadIdx.x == 0) {
      const int64_t tile = (task * gridDim.y + row_tile) * gridDim.z + column_tile;
      room.tile_maxima[tile] = largest;
      room.tile_sums[tile] = sum;
    }
  }
}

/** log(1 + a sum of exponentials) that is put together from parts, none of which overflows. */
struct LogOnePlusSum {
  __device__ void add(double exponent, double sum) {
    const double above = fmax(largest, exponent);
    total = total * exp(largest - above) + (sum == 0 ? 0 : sum * exp(exponent - above));
    largest = above;
  }
  __device__ void join_warp() {
    for (unsigned lane = kWarp / 2; lane > 0; lane /= 2) {
      const double other = __shfl_xor_sync(kWholeWarp, largest, lane);
      const double others = __shfl_xor_sync(kWholeWarp, total, lane);
      const double above = fmax(largest, other);
      total = total * exp(largest - above) + others * exp(other - above);
      largest = above;
    }
  }
  __device__ double value() const {
    return largest == 0 ? log1p(total) : largest + log(total + exp(-largest));
  }

  double largest = 0;  // of the 1
  double total = 0;
};

constexpr unsigned kTasksOfBlock = 4;

/** A warp a (sequence, type): both logarithms, from the tiles and the gold scores. */
template <typename R>
__global__ void take_logarithms(const int32_t* starts, int32_t sequences, int32_t types, int32_t tiles,
                                GoldInputs gold, SpanLossRoom<R> room) {
  const int64_t task = static_cast<int64_t>(blockIdx.x) * kTasksOfBlock + threadIdx.x / kWarp;
  if (task >= static_cast<int64_t>(sequences) * types) return;  // the whole warp
  const int lane = static_cast<int>(threadIdx.x % kWarp);
  const int sequence = static_cast<int>(task / types);
  const int used = tiles_of(starts[sequence + 1] - starts[sequence]);
  LogOnePlusSum negatives, positives;
  for (int tile = lane; tile < used * used; tile += static_cast<int>(kWarp)) {
    const int row = tile / used, column = tile % used;
    if (column < row) continue;
    const int64_t at = (task * tiles + row) * tiles + column;
    negatives.add(room.tile_maxima[at], room.tile_sums[at]);
  }
  for (int span = gold.starts[task] + lane; span < gold.starts[task + 1]; span += static_cast<int>(kWarp)) {
    const double target = gold.target[span], score = room.gold_scores[span];
    positives.add(log(target) - score, 1);
    if (target < 1) negatives.add(score + log1p(-target), 1);
  }
  negatives.join_warp();
  positives.join_warp();
  if (lane != 0) return;
  room.negatives[task] = static_cast<R>(negatives.value());
  room.positives[task] = static_cast<R>(positives.value());
  room.losses[task] = negatives.value() + positives.value();
}

/** One block: the mean over all tasks. */
template <typename R>
__global__ void take_mean(SpanLossRoom<R> room, int64_t tasks) {
  __shared__ double of_warps[kTileThreads / kWarp];
  double sum = 0;
  for (int64_t task = threadIdx.x; task < tasks; task += kTileThreads) sum += room.losses[task];
  sum = over_block<double, true>(sum, of_warps);
  if (threadIdx.x == 0) *room.loss = static_cast<R>(sum / static_cast<double>(tasks));
}

/** d loss / d score of a gold span. */
template <typename R>
__device__ R gold_slope(double target, double score, double negatives, double positives) {
  double slope = -exp(log(target) - score - positives);
  if (target < 1) slope += exp(score + log1p(-target) - negatives);
  return static_cast<R>(slope);
}

/** Adds up a row (or column) of the cells by four neighbouring threads, and gives the sum to the first of
 * them. */
template <typename R, bool kColumn>
__device__ R line_sum(const R* cells) {
  constexpr int kEach = kTile / 4;
  const int line = static_cast<int>(threadIdx.x) / 4, from = static_cast<int>(threadIdx.x) % 4 * kEach;
  R sum = 0;
  for (int k = from; k < from + kEach; ++k)
    sum += kColumn ? cells[k * kCellStride + line] : cells[line * kCellStride + k];
  sum += __shfl_xor_sync(kWholeWarp, sum, 1U);
  sum += __shfl_xor_sync(kWholeWarp, sum, 2U);
  return sum;
}

/**
 * A block the gradient of 64 queries (or keys) of a group, 64 of their numbers: it goes over the tiles of
 * their row (or column), computes the scores again and turns them into d loss / d score, of all types of the
 * group together.
 */
template <typename Storage, bool kKeys>
__global__ void __launch_bounds__(kTileThreads)
    add_gradients(SpanInputs<Storage> in, GoldInputs gold, SpanLossRoom<Real<Storage>> room,
                  Storage* query_key_gradient, Real<Storage>* bias_gradient) {
  using R = Real<Storage>;
  using Products = TileProducts<Storage>;
  auto& memory = *shared_memory<TileMemory<Storage>>();
  const int sequence = static_cast<int>(blockIdx.x) / in.groups,
            group = static_cast<int>(blockIdx.x) % in.groups;
  const int own_tile = static_cast<int>(blockIdx.y), part = static_cast<int>(blockIdx.z) * kTile;
  const SequencePlace place(in, sequence);
  if (!place.has_tile(own_tile)) return;

  const R weight = static_cast<R>(1.0 / (static_cast<double>(in.sequences) * in.types));
  const int types = in.types / in.groups;
  const int first_tile = kKeys ? 0 : own_tile, end_tile = kKeys ? own_tile + 1 : tiles_of(place.length);
  R gradient[kOwn] = {};
  for (int other = first_tile; other < end_tile; ++other) {
    const int row_tile = kKeys ? other : own_tile, column_tile = kKeys ? own_tile : other;
    R products[kOwn] = {}, slopes[kOwn] = {};
    tile_products(in, place, group, row_tile, column_tile, memory, products);
    for (int type = group * types; type < (group + 1) * types; ++type) {
      const int64_t task = static_cast<int64_t>(sequence) * in.types + type;
      const R negatives = room.negatives[task];
      __syncthreads();
      for (int own = 0; own < kOwn; ++own) {
        const int row = Products::row(own), column = Products::column(own);
        const int i = row_tile * kTile + row, j = column_tile * kTile + column;
        memory.cells[row * kCellStride + column] =
            place.counts(i, j) ? exp_of(score_of(in, place, type, i, j, products[own]) - negatives) : R(0);
      }
      __syncthreads();
      for_gold_in_tile(gold, task, row_tile, column_tile, [&](int span, int cell) {
        memory.cells[cell] =
            gold_slope<R>(gold.target[span], room.gold_scores[span], negatives, room.positives[task]);
      });
      __syncthreads();
      if (bias_gradient != nullptr && part == 0) {
        const R sum = line_sum<R, kKeys>(memory.cells);
        const int token = own_tile * kTile + static_cast<int>(threadIdx.x) / 4;
        if (threadIdx.x % 4 == 0 && token < place.length) {
          const int64_t at =
              ((static_cast<int64_t>(place.begin) + token) * in.types + type) * 2 + (kKeys ? 0 : 1);
          bias_gradient[at] += weight * sum;  // this thread alone comes here
        }
      }
      if (types == 1) continue;
      for (int own = 0; own < kOwn; ++own)
        slopes[own] += memory.cells[Products::row(own) * kCellStride + Products::column(own)];
    }
    if (types > 1) {
      __syncthreads();
      for (int own = 0; own < kOwn; ++own)
        memory.cells[Products::row(own) * kCellStride + Products::column(own)] = slopes[own];
    }
    Storage* operand = kKeys ? memory.queries : memory.keys;
    if (in.size > kTile) load_operand(in, place, group, kKeys ? 0 : 1, other, part, operand);
    __syncthreads();
    if (kKeys) {
      Products::transposed_cells_by(gradient, memory.cells, operand);
    } else {
      Products::cells_by(gradient, memory.cells, operand);
    }
  }
  const R factor = weight * static_cast<R>(in.scale);
  for (int own = 0; own < kOwn; ++own) {
    const int token = own_tile * kTile + Products::row(own), column = part + Products::column(own);
    if (token >= place.length || column >= in.size) continue;
    const int64_t vector =
        ((static_cast<int64_t>(place.begin) + token) * in.groups + group) * 2 + (kKeys ? 1 : 0);
    query_key_gradient[vector * in.size + column] = stored<Storage>(factor * gradient[own]);
  }
}

}  // namespace

template <typename Storage>
void span_loss(const SpanInputs<Storage>& in, const GoldInputs& gold, const SpanLossRoom<Real<Storage>>& room,
               Stream stream) {
  const auto tiles = static_cast<unsigned>(tiles_of(in.longest));
  const auto blocks = static_cast<unsigned>(in.sequences) * static_cast<unsigned>(in.groups);
  launch(sum_tiles<Storage>, dim3(blocks, tiles, tiles), kTileThreads, sizeof(TileMemory<Storage>), stream,
         in, gold, room);
  const int64_t tasks = static_cast<int64_t>(in.sequences) * in.types;
  launch(take_logarithms<Real<Storage>>,
         dim3(static_cast<unsigned>((tasks + kTasksOfBlock - 1) / kTasksOfBlock)), kTasksOfBlock * kWarp, 0,
         stream, in.starts, in.sequences, in.types, static_cast<int32_t>(tiles), gold, room);
  launch(take_mean<Real<Storage>>, dim3(1), kTileThreads, 0, stream, room, tasks);
}

template <typename Storage>
void span_loss_backward(const SpanInputs<Storage>& in, const GoldInputs& gold,
                        const SpanLossRoom<Real<Storage>>& room, Storage* query_key_gradient,
                        Real<Storage>* bias_gradient, Stream stream) {
  const auto blocks = static_cast<unsigned>(in.sequences) * static_cast<unsigned>(in.groups);
  const dim3 grid(blocks, static_cast<unsigned>(tiles_of(in.longest)),
                  static_cast<unsigned>(tiles_of(in.size)));
  launch(add_gradients<Storage, false>, grid, kTileThreads, sizeof(TileMemory<Storage>), stream, in, gold,
         room, query_key_gradient, bias_gradient);
  launch(add_gradients<Storage, true>, grid, kTileThreads, sizeof(TileMemory<Storage>), stream, in, gold,
         room, query_key_gradient, bias_gradient);
}

#define GP_INSTANTIATE(Storage)                                                                              \
  template void span_loss(const SpanInputs<Storage>&, const GoldInputs&, const SpanLossRoom<Real<Storage>>&, \
                          Stream);                                                                           \
  template void span_loss_backward(const SpanInputs<Storage>&, const GoldInputs&,                            \
                                   const SpanLossRoom<Real<Storage>>&, Storage*, Real<Storage>*, Stream);
GP_INSTANTIATE(float)
GP_INSTANTIATE(double)
GP_INSTANTIATE(Bfloat16)

}  // namespace gp::kernels
