#include "weights/state_dict.h"

#include <ATen/ATen.h>
#include <c10/util/safe_numerics.h>

#include <string_view>
#include <unordered_map>

#include "weights/error.h"
#include "weights/storage.h"
#include "weights/utf8.h"

namespace gp::weights {
namespace {

constexpr std::string_view kWrappers[] = {"state_dict", "model_state_dict", "model"};

using NamedTensors = std::vector<std::pair<std::string_view, const TensorNode*>>;

/** The entries that are tensors under a string. Where a key was set again, its last value counts. */
NamedTensors tensor_entries(const DictNode& dict) {
  std::unordered_map<std::string_view, std::size_t> last;
  for (std::size_t i = 0; i < dict.items.size(); ++i) {
    if (const auto* name = value_as<std::string_view>(dict.items[i].first)) last[*name] = i;
  }
  NamedTensors entries;
  for (std::size_t i = 0; i < dict.items.size(); ++i) {
    const auto* name = value_as<std::string_view>(dict.items[i].first);
    const auto* tensor = value_as<const TensorNode*>(dict.items[i].second);
    if (name != nullptr && tensor != nullptr && last[*name] == i) entries.emplace_back(*name, *tensor);
  }
  return entries;
}

NamedTensors find_tensors(const PickleValue& root) {
  const auto* top = value_as<DictNode*>(root);
  const std::string_view remedy = "save the state dictionary, with torch.save(model.state_dict(), path)";
  if (top == nullptr) throw Flaw("the file does not hold a dictionary of tensors", std::string(remedy));
  for (const std::string_view wrapper : kWrappers) {
    for (const auto& [key, value] : (*top)->items) {
      const auto* name = value_as<std::string_view>(key);
      const auto* inner = value_as<DictNode*>(value);
      if (name == nullptr || *name != wrapper || inner == nullptr) continue;
      if (NamedTensors entries = tensor_entries(**inner); !entries.empty()) return entries;
    }
  }
  NamedTensors entries = tensor_entries(**top);
  if (entries.empty()) throw Flaw("the dictionary in the file holds no tensors", std::string(remedy));
  return entries;
}

/** Makes sure that every element of the tensor lies within its storage. */
void check_bounds(const TensorNode& tensor, const std::string& name, std::uint64_t file_size) {
  if (tensor.sizes.size() != tensor.strides.size()) {
    throw Flaw("tensor " + name + " has " + counted(tensor.sizes.size(), "size", "sizes") + " but " +
               counted(tensor.strides.size(), "stride", "strides"));
  }
  const std::int64_t count = checked_element_count(tensor.sizes, name);
  const std::size_t item_size = c10::elementSize(tensor.storage->root->dtype);
  if (static_cast<std::uint64_t>(count) > file_size / item_size) {
    throw Flaw("tensor " + name + " claims " + counted(count, "element", "elements") +
               ", more than the file holds");
  }
  std::int64_t end = tensor.offset;  // one past the last element used
  bool overflows = tensor.offset < 0 || (count > 0 && c10::add_overflows(end, std::int64_t{1}, &end));
  for (std::size_t i = 0; i < tensor.sizes.size(); ++i) {
    if (tensor.strides[i] < 0) throw Flaw("tensor " + name + " has a negative stride");
    if (count == 0) continue;
    std::int64_t reach = 0;
    overflows |= c10::mul_overflows(tensor.sizes[i] - 1, tensor.strides[i], &reach);
    overflows |= c10::add_overflows(end, reach, &end);
  }
  if (overflows || end > tensor.storage->count) {
    throw Flaw("tensor " + name + " reaches outside its storage of " +
               counted(tensor.storage->count, "element", "elements"));
  }
}

}  // namespace

TensorMap tensors_of(const Pickle& pickle, const StorageSource& source, std::uint64_t file_size) {
  std::unordered_map<const RootStorage*, at::Tensor> storages;
  TensorMap tensors;
  for (const auto& [name, node] : find_tensors(pickle.root)) {
    const std::string shown = in_quotes(name);
    if (!is_utf8(name)) throw Flaw("the tensor name " + shown + " is not UTF-8");
    check_bounds(*node, shown, file_size);
    const RootStorage* root = node->storage->root;
    auto found = storages.find(root);
    if (found == storages.end()) found = storages.emplace(root, source(*root)).first;
    // A tensor without elements has nothing to view, and its strides may be anything.
    tensors.emplace_back(name, checked_element_count(node->sizes, shown) == 0
                                   ? at::empty(node->sizes, root->dtype)
                                   : found->second.as_strided(node->sizes, node->strides,
                                                              node->storage->offset + node->offset));
  }
  return tensors;
}

}  // namespace gp::weights
