#include "weights/torch_legacy.h"

#include <string>
#include <unordered_map>

#include "weights/byte_cursor.h"
#include "weights/element_type.h"
#include "weights/error.h"
#include "weights/state_dict.h"
#include "weights/storage.h"
#include "weights/unpickler.h"

// The stream: five pickles (a magic number, the version of the protocol, facts about the machine, the object,
// the keys of its storages), then for each key the count of elements in 8 bytes and the elements.

namespace gp::weights {
namespace {

constexpr std::string_view kMagic = "\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";  // 0x1950a86a20f9469cfc6c
constexpr std::int64_t kProtocolVersion = 1001;

void check_preamble(const PickleValue& magic, const PickleValue& version) {
  const auto* number = value_as<WideInteger>(magic);
  if (number == nullptr || number->bytes != kMagic) {
    throw Flaw("this pickle was not made by torch.save",
               "save the weights with torch.save(model.state_dict(), path) or as safetensors");
  }
  const auto* found = value_as<std::int64_t>(version);
  if (found == nullptr || *found != kProtocolVersion) {
    throw Flaw("the file has an unknown version of PyTorch's legacy format",
               "save it again with a current PyTorch");
  }
}

void check_machine(const PickleValue& facts) {
  const auto* dict = value_as<DictNode*>(facts);
  if (dict != nullptr) {
    for (const auto& [key, value] : (*dict)->items) {
      const auto* name = value_as<std::string_view>(key);
      const auto* yes = value_as<bool>(value);
      if (name == nullptr || *name != "little_endian" || yes == nullptr) continue;
      if (*yes) return;
      throw Flaw("the file was saved on a big-endian machine", "save it again on a little-endian one");
    }
  }
  throw Flaw("the file does not say in which byte order it was saved");
}

/** Where the elements of each storage begin in the file; they follow each other in the order of `keys`. */
std::unordered_map<const RootStorage*, std::uint64_t> locate_storages(const PickleValue& keys,
                                                                      const PickleHeap& heap,
                                                                      ByteCursor& cursor) {
  const auto* list = value_as<ListNode*>(keys);
  if (list == nullptr) throw Flaw("the list of storages is missing");
  std::unordered_map<const RootStorage*, std::uint64_t> places;
  for (const PickleValue& item : (*list)->items) {
    const auto* key = value_as<std::string_view>(item);
    if (key == nullptr) throw Flaw("the list of storages has something else than keys");
    const std::string shown = in_quotes(*key);
    const auto found = heap.roots.find(*key);
    if (found == heap.roots.end()) throw Flaw("storage " + shown + " belongs to no tensor");
    const RootStorage& root = found->second;
    const auto count = cursor.read<std::int64_t>();
    if (count != root.count) {
      throw Flaw("storage " + shown + " has " + std::to_string(count) +
                 " elements where the pickle asks for " + std::to_string(root.count));
    }
    const std::size_t item_size = c10::elementSize(root.dtype);
    if (static_cast<std::uint64_t>(count) > cursor.remaining() / item_size) {
      throw Flaw("the file ends within storage " + shown);
    }
    if (!places.emplace(&root, cursor.position()).second) throw Flaw("storage " + shown + " is listed twice");
    cursor.skip(static_cast<std::uint64_t>(count) * item_size);
  }
  return places;
}

}  // namespace

bool looks_like_torch_legacy(std::string_view bytes) {
  return bytes.size() > 2 && bytes[0] == '\x80' && bytes[1] >= 2 && bytes[1] <= 5;
}

WeightFile read_torch_legacy(const std::shared_ptr<const MappedFile>& file) {
  ByteCursor cursor(file->bytes(), "the stream");
  const auto next_pickle = [&] {
    Pickle pickle = unpickle(file->bytes().substr(cursor.position()));
    cursor.skip(pickle.size);
    return pickle;
  };
  const Pickle magic = next_pickle();
  const Pickle version = next_pickle();
  check_preamble(magic.root, version.root);
  const Pickle machine = next_pickle();
  check_machine(machine.root);
  const Pickle object = next_pickle();
  const Pickle keys = next_pickle();
  const auto places = locate_storages(keys.root, object.heap, cursor);
  const auto source = [&](const RootStorage& root) {
    const auto found = places.find(&root);
    if (found == places.end())
      throw Flaw("storage " + in_quotes(root.key) + " is missing from the list of storages");
    return elements_of_file(file, found->second, root.count, root.dtype);
  };
  return {WeightFormat::kTorchLegacy, tensors_of(object, source, file->size()), {}};
}

}  // namespace gp::weights
