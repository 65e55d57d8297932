#include "ops/panel_cache.h"

#include <ATen/ATen.h>

#include <utility>

namespace gp {

const PanelMatrix& PanelCache::transposed(at::TensorList weights) {
  std::vector<Origin> origins;
  for (const auto& weight : weights) origins.push_back({weight.const_data_ptr(), weight._version()});
  if (origins != origins_) {
    panels_ = PanelMatrix(TransposedWeights(weights));
    origins_ = std::move(origins);
  }
  return panels_;
}

void PanelCache::clear() {
  origins_.clear();
  panels_ = {};
}

}  // namespace gp
