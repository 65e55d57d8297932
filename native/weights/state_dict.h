#pragma once

#include <functional>

#include "weights/unpickler.h"
#include "weights/weight_file.h"

namespace gp::weights {

/** Finds the elements of a storage, as a tensor [root.count] of root.dtype. */
using StorageSource = std::function<at::Tensor(const RootStorage& root)>;

/**
 * The tensors of an unpickled state dictionary; which ones, says read_weight_file. `source` is asked once for
 * each storage that they need. No tensor may have more bytes than `file_size`, however its strides repeat its
 * elements.
 */
TensorMap tensors_of(const Pickle& pickle, const StorageSource& source, std::uint64_t file_size);

}  // namespace gp::weights
