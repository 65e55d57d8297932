#include <algorithm>

#include "weights/element_type.h"
#include "weights/error.h"
#include "weights/state_dict.h"
#include "weights/storage.h"
#include "weights/torch_archive.h"
#include "weights/unpickler.h"
#include "weights/zip_directory.h"

// The archive holds, all inside one directory of any name:
//   data.pkl    the pickled object; a storage in it is a reference by key
//   data/KEY    the elements of a storage
//   byteorder   "little" or "big"; missing before PyTorch 2.1

namespace gp::weights {

bool looks_like_torch_archive(std::string_view bytes) { return bytes.starts_with("PK\x03\x04"); }

WeightFile read_torch_archive(const std::shared_ptr<const MappedFile>& file) {
  const ZipDirectory archive(file->bytes());
  const std::string& prefix = archive.prefix();
  if (!archive.contains(prefix + "data.pkl")) {
    throw Flaw("this zip archive was not made by torch.save: it has no data.pkl",
               "name a file that holds a state dictionary");
  }
  if (archive.contains(prefix + "constants.pkl")) {
    throw Flaw("this is a TorchScript program, not a state dictionary",
               "save its weights with torch.save(module.state_dict(), path)");
  }
  if (archive.contains(prefix + "byteorder") && archive.content(prefix + "byteorder") != "little") {
    throw Flaw("the file was saved on a big-endian machine", "save it again on a little-endian one");
  }
  const Pickle pickle = unpickle(archive.content(prefix + "data.pkl"));

  // Members may overlap in a hostile archive; copies of them must not add up to more than an honest one has.
  std::uint64_t room = file->size();
  const auto source = [&](const RootStorage& root) {
    const std::string_view content = archive.content(prefix + "data/" + std::string(root.key));
    const std::size_t item_size = c10::elementSize(root.dtype);
    if (content.size() % item_size != 0 ||
        content.size() / item_size != static_cast<std::uint64_t>(root.count)) {
      throw Flaw("storage " + in_quotes(root.key) + " has " + counted(content.size(), "byte", "bytes") +
                 ", but the pickle asks for " + counted(root.count, "element", "elements") + " of " +
                 counted(item_size, "byte", "bytes"));
    }
    if (content.size() > room) throw Flaw("the storages in the zip archive overlap");
    room -= content.size();
    return elements_of_file(file, content.data() - file->bytes().data(), root.count, root.dtype);
  };
  return {WeightFormat::kTorchZip, tensors_of(pickle, source, file->size()), {}};
}

}  // namespace gp::weights
