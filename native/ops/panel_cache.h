#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "ops/panel_matrix.h"

namespace gp {

/**
 * The panels of weights that stay as they are from one prediction to the next. They are made when first asked
 * for, and anew when a weight has changed or points to other memory. A weight that points to memory
 * which another tensor changes does not tell: then `clear` is to be called. Not for several threads at a
 * time.
 */
class PanelCache {
 public:
  /** The panels of y = x W^T for the weights, which are always the same tensors. */
  const PanelMatrix& transposed(at::TensorList weights);
  /** Gives the memory back: a model that learns lays no panels out. */
  void clear();

 private:
  struct Origin {
    const void* data;
    int64_t version;
    bool operator==(const Origin&) const = default;
  };

  std::vector<Origin> origins_;
  PanelMatrix panels_;
};

}  // namespace gp
