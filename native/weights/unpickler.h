#pragma once

#include <c10/core/ScalarType.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace gp::weights {

// What a pickle of weights is made of. The nodes lie in the heap of the Pickle that they belong to and point
// at each other freely, cycles included; strings point into the bytes that were read.

struct NoneValue {};
/** A whole number that does not fit into 64 bits: its little-endian two's complement bytes. */
struct WideInteger {
  std::string_view bytes;
};
struct TupleNode;
struct ListNode;
struct DictNode;
struct GlobalName;
struct StorageNode;
struct TensorNode;

using PickleValue =
    std::variant<NoneValue, bool, std::int64_t, double, std::string_view, WideInteger, const TupleNode*,
                 ListNode*, DictNode*, const GlobalName*, const StorageNode*, const TensorNode*>;

struct TupleNode {
  std::vector<PickleValue> items;
};
struct ListNode {
  std::vector<PickleValue> items;
};
struct DictNode {
  std::vector<std::pair<PickleValue, PickleValue>> items;  // as set: a later value replaces an earlier one
};

/** A run of elements kept outside the pickle, under `key`. */
struct RootStorage {
  std::string_view key;
  at::ScalarType dtype;
  std::int64_t count;
};
/** A part of a storage; nearly always the whole of it. */
struct StorageNode {
  const RootStorage* root;
  std::int64_t offset;
  std::int64_t count;
};
/** A tensor to be made: offset and strides count elements of its storage. */
struct TensorNode {
  const StorageNode* storage;
  std::int64_t offset;
  std::vector<std::int64_t> sizes;
  std::vector<std::int64_t> strides;
};

struct PickleHeap {
  std::deque<TupleNode> tuples;
  std::deque<ListNode> lists;
  std::deque<DictNode> dicts;
  std::deque<StorageNode> storages;
  std::deque<TensorNode> tensors;
  std::map<std::string_view, RootStorage> roots;  // by key
};

struct Pickle {
  PickleValue root;
  PickleHeap heap;
  std::size_t size;  // bytes that it took
};

/**
 * Reads the pickle at the front of `bytes`, which must outlive the result. It understands what torch.save
 * makes of state dictionaries (protocols 2 to 5): None, bools, numbers, strings, tuples, lists, dictionaries,
 * storages and tensors. It runs nothing: a name of anything else than these is refused, and throws Flaw with
 * that name, as does every other departure from the format. Memory is bounded by a limit on the number of
 * values.
 */
Pickle unpickle(std::string_view bytes);

/** The value as a `Kind`, or null when it is something else. */
template <typename Kind>
const Kind* value_as(const PickleValue& value) {
  return std::get_if<Kind>(&value);
}

}  // namespace gp::weights
