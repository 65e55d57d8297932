#pragma once

#include <cstdint>

namespace gp {

/**
 * The source of dropout masks: a seed and the number of masks drawn so far. Masks are a pure function of the
 * two (Philox 4x32-10, Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"), so nothing needs
 * to be kept for the backward pass, the number of threads does not matter, and a checkpoint restores the
 * stream with two integers.
 */
struct RandomStream {
  uint64_t seed = 0;
  uint64_t draws = 0;
  /** Of a step that is recorded: where the number of masks drawn before it stands on the device. `draws`
   * counts from there on. */
  const int64_t* first_draw = nullptr;
};

/** One mask of a stream: taken with `draw` in the forward pass, used again as it is in the backward pass. */
struct MaskKey {
  uint64_t seed = 0;
  uint64_t draw = 0;
  /** Added to `draw` by kernels, on whose device it stands; null for none. */
  const int64_t* first_draw = nullptr;
};

inline MaskKey draw_mask(RandomStream& stream) { return {stream.seed, stream.draws++, stream.first_draw}; }

/** Values are dropped by 16-bit random numbers: those below `dropped` become 0, the others `kept`. */
struct DropoutThreshold {
  explicit DropoutThreshold(double p);

  uint32_t dropped;
  double kept;
};

/**
 * Writes `count` values of the mask's part `part`: 0 with probability p, else 1 / (1 - p). Parts of one mask
 * are independent of each other. p is rounded to a multiple of 1/65536 and the scale follows the rounded
 * value.
 */
void fill_mask(const MaskKey& key, uint32_t part, double p, float* out, int64_t count);
void fill_mask(const MaskKey& key, uint32_t part, double p, double* out, int64_t count);

/** The part's values from number `first` on. */
void fill_mask_from(const MaskKey& key, uint32_t part, double p, int64_t first, int64_t count, float* out);

}  // namespace gp
