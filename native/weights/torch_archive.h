#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "weights/mapped_file.h"
#include "weights/weight_file.h"

namespace gp {

/**
 * Writes a state dictionary, an OrderedDict of tensors in the given order, as torch.save does; Python reads
 * it with torch.load(path, weights_only=True). The file appears whole or not at all. Each tensor gets a
 * storage of its own.
 *
 * Throws WeightError: BAD_WEIGHTS for what the format cannot hold (two tensors of one name, a name that is
 * not UTF-8, an element type it lacks), OUTPUT when the file cannot be written.
 */
void write_torch_state_dict(const std::string& path, const TensorMap& tensors);

}  // namespace gp

namespace gp::weights {

/** Whether the bytes start as a zip archive does. */
bool looks_like_torch_archive(std::string_view bytes);

/** Reads what torch.save has written since PyTorch 1.6; throws Flaw. */
WeightFile read_torch_archive(const std::shared_ptr<const MappedFile>& file);

}  // namespace gp::weights
