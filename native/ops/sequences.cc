#include "ops/sequences.h"

#include <ATen/ATen.h>

#include "ops/upload.h"

namespace gp {

const at::Tensor& Sequences::starts_on(const at::Device& device) const {
  if (!device_starts_.defined() || device_starts_.device() != device || device_starts_.size(0) != count() + 1)
    device_starts_ = uploaded(std::vector<int32_t>(starts.begin(), starts.end()), device);
  return device_starts_;
}

const at::Tensor& Sequences::positions_on(const at::Device& device) const {
  if (device_positions_.defined() && device_positions_.device() == device && device_positions_.size(0) == total())
    return device_positions_;
  std::vector<int32_t> positions;
  positions.reserve(static_cast<size_t>(total()));
  for (int64_t b = 0; b < count(); ++b) {
    for (int64_t t = 0; t < length(b); ++t) positions.push_back(static_cast<int32_t>(t));
  }
  device_positions_ = uploaded(positions, device);
  return device_positions_;
}

}  // namespace gp
