#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "weights/mapped_file.h"

namespace gp::weights {

/**
 * The elements at [offset, offset + count * item size) of `file`, as a tensor [count]. It views the mapping,
 * and keeps it alive, when the elements lie where their type may be read; else it is a copy. Throws Flaw when
 * the range does not lie within the file.
 */
at::Tensor elements_of_file(const std::shared_ptr<const MappedFile>& file, std::uint64_t offset,
                            std::int64_t count, at::ScalarType dtype);

/**
 * How many elements a tensor of these sizes has. Throws Flaw, which names `tensor`, for a negative size, for
 * more than 64 dimensions, and when the sizes multiply to more than an int64 holds, zeros left aside.
 */
std::int64_t checked_element_count(const std::vector<std::int64_t>& sizes, const std::string& tensor);

}  // namespace gp::weights
