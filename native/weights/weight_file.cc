#include "weights/weight_file.h"

#include <memory>

#include "weights/error.h"
#include "weights/mapped_file.h"
#include "weights/safetensors.h"
#include "weights/torch_archive.h"
#include "weights/torch_legacy.h"

namespace gp {
namespace weights {
namespace {

WeightFile read_any(const std::shared_ptr<const MappedFile>& file) {
  const std::string_view bytes = file->bytes();
  if (looks_like_torch_archive(bytes)) return read_torch_archive(file);
  if (looks_like_safetensors(bytes)) return read_safetensors(file);
  if (looks_like_torch_legacy(bytes)) return read_torch_legacy(file);
  if (bytes.starts_with("version https://git-lfs")) {
    throw Flaw("this is only Git LFS's note of where the weights are", "fetch them with \"git lfs pull\"");
  }
  throw Flaw("this is neither safetensors nor a file of torch.save",
             "name a model.safetensors or pytorch_model.bin, and download it again if it is one");
}

WeightFile read(const std::string& path) {
  const auto file = std::make_shared<const MappedFile>(path);
  WeightFile weights = read_any(file);
  weights.mapping = file;
  return weights;
}

}  // namespace
}  // namespace weights

WeightFile read_weight_file(const std::string& path) {
  try {
    return weights::read(path);
  } catch (...) {
    weights::rethrow_with_path(path);
  }
}

}  // namespace gp
