#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <vector>

#include "model/bert.h"

namespace gp {

/** A part of a model: its output for an input. It must read nothing else that changes, and need no gradient
 * but by its input and its parameters. */
using Block = std::function<at::Tensor(const at::Tensor& x, ForwardMode mode)>;

/**
 * The output of a block that keeps nothing but its input for the backward pass, where it is computed again
 * with the very same dropout masks (Chen et al. 2016, "Training deep nets with sublinear memory cost", arXiv
 * 1604.06174). Values and gradients are bit for bit those of calling the block.
 * @param parameters all that the block reads and that may need a gradient
 */
at::Tensor recomputed(const at::Tensor& x, const std::vector<at::Tensor>& parameters, ForwardMode mode,
                      Block block);

}  // namespace gp
