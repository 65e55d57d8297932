#include "weights/unpickler.h"

#include <bit>
#include <unordered_map>

#include "weights/byte_cursor.h"
#include "weights/element_type.h"
#include "weights/error.h"

namespace gp::weights {

/**
 * The few names of Python objects that a pickle of weights may use, and the little that each stands for
 * here.
 */
struct GlobalName {
  enum class Role { kOrderedDict, kRebuildTensor, kRebuildParameter, kStorageClass };
  Role role;
  at::ScalarType dtype = at::kByte;  // of a storage class
};

namespace {

// The opcodes, as listed in Python's pickletools.
enum Opcode : unsigned char {
  kMark = '(',
  kStop = '.',
  kPop = '0',
  kPopMark = '1',
  kDup = '2',
  kBinBytes = 'B',
  kShortBinBytes = 'C',
  kBinFloat = 'G',
  kBinInt = 'J',
  kBinInt1 = 'K',
  kBinInt2 = 'M',
  kNone = 'N',
  kBinPersId = 'Q',
  kReduce = 'R',
  kBinString = 'T',
  kShortBinString = 'U',
  kBinUnicode = 'X',
  kEmptyList = ']',
  kAppend = 'a',
  kBuild = 'b',
  kGlobal = 'c',
  kDict = 'd',
  kAppends = 'e',
  kBinGet = 'h',
  kLongBinGet = 'j',
  kList = 'l',
  kBinPut = 'q',
  kLongBinPut = 'r',
  kSetItem = 's',
  kTuple = 't',
  kSetItems = 'u',
  kEmptyDict = '}',
  kEmptyTuple = ')',
  kProto = 0x80,
  kNewObj = 0x81,
  kTuple1 = 0x85,
  kTuple2 = 0x86,
  kTuple3 = 0x87,
  kNewTrue = 0x88,
  kNewFalse = 0x89,
  kLong1 = 0x8a,
  kLong4 = 0x8b,
  kShortBinUnicode = 0x8c,
  kBinUnicode8 = 0x8d,
  kBinBytes8 = 0x8e,
  kStackGlobal = 0x93,
  kMemoize = 0x94,
  kFrame = 0x95,
};

constexpr int kNewestProtocol = 5;
// A state dictionary takes some 30 values a tensor, so this leaves room for 100,000 tensors.
constexpr std::size_t kMostValues = 4'000'000;
constexpr std::size_t kMostDimensions = 64;

const GlobalName* find_global(std::string_view module, std::string_view name) {
  using Role = GlobalName::Role;
  static const std::map<std::string, GlobalName, std::less<>> known = [] {
    std::map<std::string, GlobalName, std::less<>> names{
        {"collections.OrderedDict", {Role::kOrderedDict}},
        {"torch._utils._rebuild_tensor", {Role::kRebuildTensor}},
        {"torch._utils._rebuild_tensor_v2", {Role::kRebuildTensor}},
        {"torch._utils._rebuild_parameter", {Role::kRebuildParameter}},
        {"torch.storage.UntypedStorage", {Role::kStorageClass, at::kByte}},
    };
    for (const ElementType& type : kElementTypes) {
      names.emplace("torch." + std::string(type.storage_class), GlobalName{Role::kStorageClass, type.dtype});
    }
    return names;
  }();
  const auto found = known.find(std::string(module) + "." + std::string(name));
  return found == known.end() ? nullptr : &found->second;
}

/** The machine that a pickle programs: a stack, marks on it, and a memo of values to use again. */
class Unpickler {
 public:
  explicit Unpickler(std::string_view bytes) : input_(bytes, "the pickle") {}

  Pickle run() {
    while (true) {
      const auto opcode = input_.read<unsigned char>();
      if (opcode == kStop) break;
      execute(opcode);
    }
    const PickleValue root = pop();
    return {root, std::move(heap_), input_.position()};
  }

 private:
  void execute(unsigned char opcode);

  // The stack.
  void push(PickleValue value) {
    charge(1);
    stack_.push_back(value);
  }
  /** Where the values above the last mark begin. */
  std::size_t floor() const { return marks_.empty() ? 0 : marks_.back(); }
  PickleValue& top() {
    if (stack_.size() <= floor()) throw Flaw("the pickle takes a value from an empty stack");
    return stack_.back();
  }
  PickleValue pop() {
    const PickleValue value = top();
    stack_.pop_back();
    return value;
  }
  std::vector<PickleValue> pop_last(std::size_t count) {
    if (stack_.size() - floor() < count) throw Flaw("the pickle takes a value from an empty stack");
    const auto first = stack_.end() - static_cast<std::ptrdiff_t>(count);
    std::vector<PickleValue> values(first, stack_.end());
    stack_.erase(first, stack_.end());
    return values;
  }
  std::vector<PickleValue> pop_to_mark() {
    if (marks_.empty()) throw Flaw("the pickle looks for a mark that was never set");
    std::vector<PickleValue> values = pop_last(stack_.size() - marks_.back());
    marks_.pop_back();
    return values;
  }
  /** Counts values against the limit, so that a small file cannot take much memory. */
  void charge(std::size_t values) {
    if (values > kMostValues - values_) {
      throw Flaw("the pickle makes more than " + std::to_string(kMostValues) + " values",
                 "save the state dictionary alone");
    }
    values_ += values;
  }

  template <typename Kind>
  Kind expect(const PickleValue& value, const char* what) {
    const Kind* held = value_as<Kind>(value);
    if (held == nullptr) throw Flaw(std::string("the pickle has something else where ") + what + " belongs");
    return *held;
  }
  std::int64_t expect_number(const PickleValue& value) {
    return expect<std::int64_t>(value, "a whole number");
  }
  const std::vector<PickleValue>& expect_tuple(const PickleValue& value) {
    return expect<const TupleNode*>(value, "a tuple")->items;
  }
  std::vector<std::int64_t> expect_numbers(const PickleValue& value);

  // The memo.
  void remember(std::uint64_t index) {
    charge(1);
    memo_.insert_or_assign(index, top());
  }
  const PickleValue& recall(std::uint64_t index) {
    const auto found = memo_.find(index);
    if (found == memo_.end()) throw Flaw("the pickle uses a value that it never remembered");
    return found->second;
  }

  // New values.
  TupleNode* new_tuple(std::vector<PickleValue> items) {
    return &heap_.tuples.emplace_back(std::move(items));
  }
  ListNode* new_list(std::vector<PickleValue> items) { return &heap_.lists.emplace_back(std::move(items)); }
  DictNode* new_dict() { return &heap_.dicts.emplace_back(); }
  void set_items(DictNode& dict, const std::vector<PickleValue>& keys_and_values);
  void push_integer(std::string_view bytes);
  void push_global(std::string_view module, std::string_view name);

  // What opcodes ask for that would call into Python there.
  void reduce();
  void build();
  DictNode* new_ordered_dict(const std::vector<PickleValue>& arguments);
  const TensorNode* new_tensor(const std::vector<PickleValue>& arguments);
  const StorageNode* new_storage(const std::vector<PickleValue>& id);

  ByteCursor input_;
  PickleHeap heap_;
  std::vector<PickleValue> stack_;
  std::vector<std::size_t> marks_;
  std::unordered_map<std::uint64_t, PickleValue> memo_;
  std::size_t values_ = 0;
};

void Unpickler::execute(unsigned char opcode) {
  switch (opcode) {
    case kProto:
      if (const int protocol = input_.read<std::uint8_t>(); protocol > kNewestProtocol) {
        throw Flaw("the pickle has the unknown protocol " + std::to_string(protocol));
      }
      return;
    case kFrame:
      input_.skip(sizeof(std::uint64_t));  // a hint for buffering
      return;

    case kMark:
      charge(1);
      marks_.push_back(stack_.size());
      return;
    case kPop:
      pop();
      return;
    case kPopMark:
      pop_to_mark();
      return;
    case kDup:
      push(top());
      return;

    case kBinPut:
      return remember(input_.read<std::uint8_t>());
    case kLongBinPut:
      return remember(input_.read<std::uint32_t>());
    case kMemoize:
      return remember(memo_.size());
    case kBinGet:
      return push(recall(input_.read<std::uint8_t>()));
    case kLongBinGet:
      return push(recall(input_.read<std::uint32_t>()));

    case kNone:
      return push(NoneValue{});
    case kNewTrue:
      return push(true);
    case kNewFalse:
      return push(false);
    case kBinInt:
      return push(std::int64_t{input_.read<std::int32_t>()});
    case kBinInt1:
      return push(std::int64_t{input_.read<std::uint8_t>()});
    case kBinInt2:
      return push(std::int64_t{input_.read<std::uint16_t>()});
    case kLong1:
      return push_integer(input_.take(input_.read<std::uint8_t>()));
    case kLong4:
      return push_integer(input_.take(input_.read<std::uint32_t>()));
    case kBinFloat: {  // the one number that pickles keep big-endian
      std::uint64_t bits = 0;
      for (const char byte : input_.take(sizeof bits)) bits = bits << 8 | static_cast<unsigned char>(byte);
      return push(std::bit_cast<double>(bits));
    }

    // Python 2 pickled its strings as bytes.
    case kShortBinString:
    case kShortBinBytes:
    case kShortBinUnicode:
      return push(input_.take(input_.read<std::uint8_t>()));
    case kBinString:
    case kBinBytes:
    case kBinUnicode:
      return push(input_.take(input_.read<std::uint32_t>()));
    case kBinUnicode8:
    case kBinBytes8:
      return push(input_.take(input_.read<std::uint64_t>()));

    case kEmptyTuple:
      return push(new_tuple({}));
    case kTuple1:
    case kTuple2:
    case kTuple3:
      return push(new_tuple(pop_last(opcode - kTuple1 + 1)));
    case kTuple:
      return push(new_tuple(pop_to_mark()));

    case kEmptyList:
      return push(new_list({}));
    case kList:
      return push(new_list(pop_to_mark()));
    case kAppend: {
      const PickleValue item = pop();
      expect<ListNode*>(top(), "a list")->items.push_back(item);
      return;
    }
    case kAppends: {
      const std::vector<PickleValue> added = pop_to_mark();
      std::vector<PickleValue>& items = expect<ListNode*>(top(), "a list")->items;
      items.insert(items.end(), added.begin(), added.end());
      return;
    }

    case kEmptyDict:
      return push(new_dict());
    case kDict: {
      const std::vector<PickleValue> items = pop_to_mark();
      DictNode* dict = new_dict();
      set_items(*dict, items);
      return push(dict);
    }
    case kSetItem: {
      const std::vector<PickleValue> item = pop_last(2);
      return set_items(*expect<DictNode*>(top(), "a dictionary"), item);
    }
    case kSetItems: {
      const std::vector<PickleValue> items = pop_to_mark();
      return set_items(*expect<DictNode*>(top(), "a dictionary"), items);
    }

    case kGlobal: {
      const std::string_view module = input_.line();
      return push_global(module, input_.line());
    }
    case kStackGlobal: {
      const auto name = expect<std::string_view>(pop(), "a name");
      return push_global(expect<std::string_view>(pop(), "the name of a module"), name);
    }
    case kReduce:
    case kNewObj:
      return reduce();
    case kBuild:
      return build();
    case kBinPersId:
      return push(new_storage(expect_tuple(pop())));

    default:
      throw Flaw("the pickle has opcode " + std::to_string(opcode) + " at byte " +
                     std::to_string(input_.position() - 1) + ", which no state dictionary needs",
                 "save the state dictionary alone, with torch.save(model.state_dict(), path)");
  }
}

std::vector<std::int64_t> Unpickler::expect_numbers(const PickleValue& value) {
  const std::vector<PickleValue>& items = expect_tuple(value);
  if (items.size() > kMostDimensions) {
    throw Flaw("the pickle has a tensor of " + std::to_string(items.size()) + " dimensions");
  }
  std::vector<std::int64_t> numbers;
  numbers.reserve(items.size());
  for (const PickleValue& item : items) numbers.push_back(expect_number(item));
  return numbers;
}

void Unpickler::set_items(DictNode& dict, const std::vector<PickleValue>& keys_and_values) {
  if (keys_and_values.size() % 2 != 0) throw Flaw("the pickle has a dictionary key without a value");
  for (std::size_t i = 0; i < keys_and_values.size(); i += 2) {
    dict.items.emplace_back(keys_and_values[i], keys_and_values[i + 1]);
  }
}

void Unpickler::push_integer(std::string_view bytes) {
  if (bytes.size() > sizeof(std::int64_t)) return push(WideInteger{bytes});
  const bool negative = !bytes.empty() && (bytes.back() & 0x80) != 0;
  std::uint64_t bits = negative ? ~std::uint64_t{0} : 0;
  for (std::size_t i = bytes.size(); i-- > 0;) bits = bits << 8 | static_cast<unsigned char>(bytes[i]);
  push(static_cast<std::int64_t>(bits));
}

void Unpickler::push_global(std::string_view module, std::string_view name) {
  const GlobalName* global = find_global(module, name);
  if (global == nullptr) {
    throw Flaw("the pickle asks for " + in_quotes(std::string(module) + "." + std::string(name)) +
                   ", which no state dictionary needs and which is never loaded",
               "save the state dictionary alone, with torch.save(model.state_dict(), path)");
  }
  push(global);
}

void Unpickler::reduce() {
  using Role = GlobalName::Role;
  const std::vector<PickleValue>& arguments = expect_tuple(pop());
  switch (expect<const GlobalName*>(pop(), "a function")->role) {
    case Role::kOrderedDict:
      return push(new_ordered_dict(arguments));
    case Role::kRebuildTensor:
      return push(new_tensor(arguments));
    case Role::kRebuildParameter:  // (tensor, requires_grad, backward_hooks)
      if (arguments.empty()) throw Flaw("the pickle has a parameter without a tensor");
      return push(expect<const TensorNode*>(arguments[0], "a tensor"));
    case Role::kStorageClass:
      throw Flaw("the pickle calls a storage class", "save the state dictionary again with torch.save");
  }
}

void Unpickler::build() {
  // The one state there is to restore is the _metadata of a state dictionary: versions of modules, of no use
  // here.
  pop();
  expect<DictNode*>(top(), "a dictionary");
}

/** OrderedDict() or, from Python 2, OrderedDict([[key, value], ...]). */
DictNode* Unpickler::new_ordered_dict(const std::vector<PickleValue>& arguments) {
  DictNode* dict = new_dict();
  if (arguments.empty()) return dict;
  const std::vector<PickleValue>& pairs = expect<ListNode*>(arguments[0], "a list of pairs")->items;
  charge(pairs.size());
  for (const PickleValue& pair : pairs) {
    const TupleNode* const* tuple = value_as<const TupleNode*>(pair);
    const std::vector<PickleValue>& both =
        tuple != nullptr ? (*tuple)->items : expect<ListNode*>(pair, "a pair")->items;
    if (both.size() != 2) throw Flaw("the pickle has something else where a pair belongs");
    dict->items.emplace_back(both[0], both[1]);
  }
  return dict;
}

/** (storage, offset, sizes, strides); what may follow concerns gradients. */
const TensorNode* Unpickler::new_tensor(const std::vector<PickleValue>& arguments) {
  if (arguments.size() < 4) throw Flaw("the pickle has a tensor without storage, offset, sizes or strides");
  return &heap_.tensors.emplace_back(expect<const StorageNode*>(arguments[0], "a storage"),
                                     expect_number(arguments[1]), expect_numbers(arguments[2]),
                                     expect_numbers(arguments[3]));
}

/**
 * ("storage", class, key, location, count), in the legacy format also (key, offset, count) of a part, or
 * None. The location (the device it was saved from) does not matter: everything is read into CPU memory.
 */
const StorageNode* Unpickler::new_storage(const std::vector<PickleValue>& id) {
  if (id.size() < 5 || id.size() > 6 || expect<std::string_view>(id[0], "a kind of object") != "storage") {
    throw Flaw("the pickle refers to something outside that is not a storage");
  }
  const GlobalName* storage_class = expect<const GlobalName*>(id[1], "a storage class");
  if (storage_class->role != GlobalName::Role::kStorageClass) {
    throw Flaw("the pickle has something else where a storage class belongs");
  }
  const auto key = expect<std::string_view>(id[2], "the key of a storage");
  const std::int64_t count = expect_number(id[4]);
  const RootStorage& root = heap_.roots.try_emplace(key, key, storage_class->dtype, count).first->second;
  const std::string shown = in_quotes(key);
  if (root.dtype != storage_class->dtype || root.count != count) {
    throw Flaw("the pickle describes storage " + shown + " in two ways");
  }
  if (count < 0) throw Flaw("storage " + shown + " has a negative size");
  if (id.size() == 5 || value_as<NoneValue>(id[5]) != nullptr) {
    return &heap_.storages.emplace_back(&root, 0, count);
  }
  const std::vector<PickleValue>& part = expect_tuple(id[5]);
  if (part.size() != 3) throw Flaw("the pickle has an incomplete part of storage " + shown);
  const std::int64_t offset = expect_number(part[1]);
  const std::int64_t part_count = expect_number(part[2]);
  if (offset < 0 || part_count < 0 || offset > count || part_count > count - offset) {
    throw Flaw("the pickle has a part of storage " + shown + " that lies outside of it");
  }
  return &heap_.storages.emplace_back(&root, offset, part_count);
}

}  // namespace

Pickle unpickle(std::string_view bytes) { return Unpickler(bytes).run(); }

}  // namespace gp::weights
