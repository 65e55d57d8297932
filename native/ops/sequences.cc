#include "ops/sequences.h"

#include <ATen/ATen.h>

#include "ops/upload.h"

namespace gp {

Sequences Sequences::known_there(int64_t count, int64_t total, int64_t longest, at::Tensor starts_there,
                                 at::Tensor positions_there) {
  Sequences sequences;
  sequences.starts.assign(static_cast<size_t>(count) + 1, total);
  sequences.starts.front() = 0;
  sequences.longest_there_ = longest;
  sequences.device_starts_ = std::move(starts_there);
  sequences.device_positions_ = std::move(positions_there);
  return sequences;
}

Sequences Sequences::first_there(int64_t count) const {
  return known_there(count, total(), longest_there_, device_starts_.narrow(0, 0, count + 1),
                     device_positions_);
}

Sequences Sequences::here() const {
  if (!are_known_there()) return *this;
  const at::Tensor here = device_starts_.to(at::kCPU, at::kLong);
  return std::vector<int64_t>(here.const_data_ptr<int64_t>(), here.const_data_ptr<int64_t>() + here.numel());
}

const at::Tensor& Sequences::starts_on(const at::Device& device) const {
  if (!device_starts_.defined() || device_starts_.device() != device || device_starts_.size(0) != count() + 1)
    device_starts_ = uploaded(std::vector<int32_t>(starts.begin(), starts.end()), device);
  return device_starts_;
}

const at::Tensor& Sequences::positions_on(const at::Device& device) const {
  if (device_positions_.defined() && device_positions_.device() == device &&
      device_positions_.size(0) == total())
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
