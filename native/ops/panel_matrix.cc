#include "ops/panel_matrix.h"

#include <ATen/ATen.h>

#include "ops/rounding.h"
#include "ops/task_queue.h"

namespace gp {

PanelMatrix::PanelMatrix(const TransposedWeights& weights)
    : depth_(weights.depth()), columns_(weights.columns()) {
  const int64_t panels = parts_of(columns_, kPanelColumns);
  memory_ = at::empty({panels, depth_, kPanelColumns}, at::kFloat);
  data_ = memory_.data_ptr<float>();
  for_tasks(panels, [&] {
    return [&](int64_t index) { weights.panel(index, 0, depth_, data_ + index * depth_ * kPanelColumns); };
  });
}

}  // namespace gp
