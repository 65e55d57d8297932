#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace gp {

enum class WeightFormat {
  kSafetensors,  // a JSON header, then the raw data
  kTorchZip,     // torch.save since PyTorch 1.6: a zip archive
  kTorchLegacy,  // torch.save before that: a stream of pickles, then the raw data
};

/** Tensors by name, in the order of the file. No name occurs twice. */
using TensorMap = std::vector<std::pair<std::string, at::Tensor>>;

namespace weights {
class MappedFile;
}

struct WeightFile {
  WeightFormat format;
  TensorMap tensors;
  std::map<std::string, std::string> metadata;  // of safetensors; empty for the other formats
  std::shared_ptr<const weights::MappedFile> mapping = {};
};

/**
 * Reads a weight file; its format is told from its content, not from its name.
 *
 * Tensors lie on the CPU, have the element type of the file and may view a mapping of it that lives as long
 * as they do. Changing them does not change the file; cutting the file short while they live is not allowed,
 * replacing it by rename is. Tensors that shared memory when they were saved still share it.
 *
 * A pickled file must hold a dictionary. Where it has an entry `state_dict`, `model_state_dict` or `model`
 * (looked for in this order) that is a dictionary with tensors in it, the weights are those; else they are
 * its own entries. Entries that are not tensors are left out. Nothing in a file is ever executed.
 *
 * Throws WeightError for a file that is missing, damaged, incomplete or of another kind.
 */
WeightFile read_weight_file(const std::string& path);

}  // namespace gp
