#include "kernels/span_decode.h"
#include "kernels/span_tile.h"

namespace gp::kernels {
namespace {

/** A block a tile. Hits are few: each takes the next free place. */
template <typename Storage>
__global__ void __launch_bounds__(kTileThreads) collect_hits(SpanInputs<Storage> in, const float* thresholds,
                                                             int32_t capacity, int32_t* count, Hit* hits) {
  using Products = TileProducts<Storage>;
  auto& memory = *shared_memory<TileMemory<Storage>>();
  const int sequence = static_cast<int>(blockIdx.x) / in.groups,
            group = static_cast<int>(blockIdx.x) % in.groups;
  const int row_tile = static_cast<int>(blockIdx.y), column_tile = static_cast<int>(blockIdx.z);
  const SequencePlace place(in, sequence);
  if (column_tile < row_tile || !place.has_tile(column_tile)) return;

  Real<Storage> products[kOwn] = {};
  tile_products(in, place, group, row_tile, column_tile, memory, products);
  const int types = in.types / in.groups;
  for (int type = group * types; type < (group + 1) * types; ++type) {
    const auto threshold = static_cast<Real<Storage>>(thresholds[type]);
    for (int own = 0; own < kOwn; ++own) {
      const int i = row_tile * kTile + Products::row(own), j = column_tile * kTile + Products::column(own);
      if (!place.counts(i, j)) continue;
      const Real<Storage> score = score_of(in, place, type, i, j, products[own]);
      if (!(score > threshold)) continue;
      const int32_t free = atomicAdd(count, 1);
      if (free < capacity) hits[free] = {sequence, type, i, j, static_cast<float>(score)};
    }
  }
}

}  // namespace

template <typename Storage>
void span_decode(const SpanInputs<Storage>& in, const float* thresholds, int32_t capacity, int32_t* count,
                 Hit* hits, Stream stream) {
  const auto tiles = static_cast<unsigned>(tiles_of(in.longest));
  const auto blocks = static_cast<unsigned>(in.sequences) * static_cast<unsigned>(in.groups);
  launch(collect_hits<Storage>, dim3(blocks, tiles, tiles), kTileThreads, sizeof(TileMemory<Storage>), stream,
         in, thresholds, capacity, count, hits);
}

template void span_decode(const SpanInputs<float>&, const float*, int32_t, int32_t*, Hit*, Stream);
template void span_decode(const SpanInputs<double>&, const float*, int32_t, int32_t*, Hit*, Stream);
template void span_decode(const SpanInputs<Bfloat16>&, const float*, int32_t, int32_t*, Hit*, Stream);

}  // namespace gp::kernels
