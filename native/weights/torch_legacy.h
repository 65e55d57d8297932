#pragma once

#include <memory>
#include <string_view>

#include "weights/mapped_file.h"
#include "weights/weight_file.h"

namespace gp::weights {

/** Whether the bytes start as a pickle of protocol 2 or later does. */
bool looks_like_torch_legacy(std::string_view bytes);

/**
 * Reads what torch.save wrote before PyTorch 1.6, a stream of pickles with the raw data behind it; throws
 * Flaw.
 */
WeightFile read_torch_legacy(const std::shared_ptr<const MappedFile>& file);

}  // namespace gp::weights
