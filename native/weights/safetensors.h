#pragma once

#include <map>
#include <memory>
#include <string>

#include "weights/mapped_file.h"
#include "weights/weight_file.h"

namespace gp {

/**
 * Writes tensors in the safetensors format, whole or not at all. Each is brought to the CPU and laid out row
 * by row; those with wider elements come first, so that all of them are aligned, else the order is kept.
 *
 * Throws WeightError: BAD_WEIGHTS for what the format cannot hold (two tensors of one name, the name
 * `__metadata__`, text that is not UTF-8, an element type it lacks), OUTPUT when the file cannot be written.
 */
void write_safetensors(const std::string& path, const TensorMap& tensors,
                       const std::map<std::string, std::string>& metadata);

}  // namespace gp

namespace gp::weights {

/** Whether a file that starts like this can only be meant as safetensors. */
bool looks_like_safetensors(std::string_view bytes);

/** Reads the format; throws Flaw. */
WeightFile read_safetensors(const std::shared_ptr<const MappedFile>& file);

}  // namespace gp::weights
