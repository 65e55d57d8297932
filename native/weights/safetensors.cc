#include "weights/safetensors.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "weights/atomic_file.h"
#include "weights/byte_cursor.h"
#include "weights/element_type.h"
#include "weights/error.h"
#include "weights/json_reader.h"
#include "weights/outgoing_tensors.h"
#include "weights/storage.h"
#include "weights/utf8.h"

// The format: https://github.com/huggingface/safetensors#format
//   8 bytes   length of the header, unsigned
//   header    {"name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, ..., "__metadata__":
//   {...}} data      offsets count from its first byte; the tensors cover all of it, without gaps or overlaps

namespace gp {
namespace weights {
namespace {

constexpr std::uint64_t kLengthSize = sizeof(std::uint64_t);
constexpr std::uint64_t kLongestHeader = 100'000'000;  // the limit of the reference implementation
constexpr std::string_view kMetadataKey = "__metadata__";

struct Entry {
  std::string name;
  at::ScalarType dtype;
  std::vector<std::int64_t> shape;
  std::int64_t begin;
  std::int64_t end;
};

at::ScalarType dtype_named(std::string_view name, const std::string& tensor) {
  for (const ElementType& type : kElementTypes) {
    if (type.safetensors_name == name) return type.dtype;
  }
  throw Flaw("tensor " + tensor + " has the element type " + in_quotes(name) + ", which is not supported",
             "convert it to F32, F16 or BF16");
}

Entry read_entry(JsonReader& header, const std::string& name) {
  const std::string shown = in_quotes(name);
  std::optional<at::ScalarType> dtype;
  std::optional<std::vector<std::int64_t>> shape;
  std::optional<std::vector<std::int64_t>> offsets;
  const auto once = [&](bool already, const std::string& key) {
    if (already) throw Flaw("tensor " + shown + " has two values for " + in_quotes(key));
  };
  const auto whole_numbers = [&] {
    std::vector<std::int64_t> numbers;
    header.array([&] { numbers.push_back(header.whole_number()); });
    return numbers;
  };
  header.object([&](const std::string& key) {
    if (key == "dtype") {
      once(dtype.has_value(), key);
      dtype = dtype_named(header.string(), shown);
    } else if (key == "shape") {
      once(shape.has_value(), key);
      shape = whole_numbers();
    } else if (key == "data_offsets") {
      once(offsets.has_value(), key);
      offsets = whole_numbers();
    } else {
      throw Flaw("tensor " + shown + " has the unknown key " + in_quotes(key));
    }
  });
  if (!dtype) throw Flaw("tensor " + shown + " has no dtype");
  if (!shape) throw Flaw("tensor " + shown + " has no shape");
  if (!offsets || offsets->size() != 2) {
    throw Flaw("tensor " + shown + " lacks data_offsets of a beginning and an end");
  }
  return {name, *dtype, std::move(*shape), (*offsets)[0], (*offsets)[1]};
}

std::map<std::string, std::string> read_metadata(JsonReader& header) {
  std::map<std::string, std::string> metadata;
  header.object([&](const std::string& key) {
    if (!metadata.emplace(key, header.string()).second) {
      throw Flaw("the metadata has two values for " + in_quotes(key));
    }
  });
  return metadata;
}

/**
 * Puts the entries in the order of their data and makes sure that they share it out without gaps or
 * overlaps.
 */
void check_offsets(std::vector<Entry>& entries, std::uint64_t data_size) {
  std::stable_sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
  });
  std::int64_t covered = 0;
  for (const Entry& entry : entries) {
    const std::string shown = in_quotes(entry.name);
    const std::string range = std::to_string(entry.begin) + " to " + std::to_string(entry.end);
    if (entry.end < entry.begin) throw Flaw("tensor " + shown + " has a data range from " + range);
    if (static_cast<std::uint64_t>(entry.end) > data_size) {
      throw Flaw("tensor " + shown + " takes bytes " + range + " of the data, which has only " +
                 std::to_string(data_size));
    }
    if (entry.begin != covered) {
      throw Flaw("tensor " + shown + " takes bytes " + range + " of the data, but the one before ends at " +
                 std::to_string(covered));
    }
    // Divided, not multiplied: the product of a hostile shape and the item size may overflow.
    const std::int64_t count = checked_element_count(entry.shape, shown);
    const auto item_size = static_cast<std::int64_t>(c10::elementSize(entry.dtype));
    const std::int64_t size = entry.end - entry.begin;
    if (size % item_size != 0 || size / item_size != count) {
      throw Flaw("tensor " + shown + " takes " + counted(size, "byte", "bytes") +
                 " of data, but its shape asks for " + counted(count, "element", "elements") + " of " +
                 counted(item_size, "byte", "bytes"));
    }
    covered = entry.end;
  }
  if (static_cast<std::uint64_t>(covered) != data_size) {
    throw Flaw("the data has " + std::to_string(data_size) + " bytes, of which the tensors cover only " +
               std::to_string(covered));
  }
}

std::string header_of(const TensorMap& tensors, const std::map<std::string, std::string>& metadata) {
  std::string header = "{";
  if (!metadata.empty()) {
    std::string members;
    for (const auto& [key, value] : metadata) {
      if (!is_utf8(key) || !is_utf8(value)) {
        throw Flaw("the metadata value of " + in_quotes(key) + " is not UTF-8", "pass valid text");
      }
      members += (members.empty() ? "" : ",") + json_string(key) + ":" + json_string(value);
    }
    header += json_string(kMetadataKey) + ":{" + members + "}";
  }
  std::uint64_t offset = 0;
  for (const auto& [name, tensor] : tensors) {
    std::string shape;
    for (const std::int64_t size : tensor.sizes()) shape += (shape.empty() ? "" : ",") + std::to_string(size);
    const std::uint64_t end = offset + tensor.nbytes();
    header += (header.size() > 1 ? "," : "") + json_string(name) + ":{\"dtype\":\"" +
              std::string(find_element_type(tensor.scalar_type())->safetensors_name) + "\",\"shape\":[" +
              shape + "],\"data_offsets\":[" + std::to_string(offset) + "," + std::to_string(end) + "]}";
    offset = end;
  }
  header += "}";
  // Padded so that the data begins on a multiple of the widest element.
  header.append((kLengthSize - header.size() % kLengthSize) % kLengthSize, ' ');
  if (header.size() > kLongestHeader) {
    throw Flaw(
        "the header would take " + std::to_string(header.size()) + " bytes, more than the format allows",
        "write fewer tensors or less metadata");
  }
  return header;
}

void write(const std::string& path, TensorMap tensors, const std::map<std::string, std::string>& metadata) {
  check_outgoing(tensors);
  for (const auto& [name, tensor] : tensors) {
    if (name == kMetadataKey)
      throw Flaw("a tensor is named " + in_quotes(name), "choose another name for it");
  }
  std::stable_sort(tensors.begin(), tensors.end(), [](const auto& a, const auto& b) {
    return a.second.element_size() > b.second.element_size();
  });
  const std::string header = header_of(tensors, metadata);
  const std::uint64_t length = header.size();
  AtomicFile file(path);
  file.write(&length, sizeof length);
  file.write(header.data(), header.size());
  for (const auto& [name, tensor] : tensors) {
    const at::Tensor laid_out = laid_out_on_cpu(tensor);
    file.write(laid_out.const_data_ptr(), laid_out.nbytes());
  }
  file.commit();
}

}  // namespace

bool looks_like_safetensors(std::string_view bytes) {
  return bytes.size() > kLengthSize && bytes[kLengthSize] == '{';
}

WeightFile read_safetensors(const std::shared_ptr<const MappedFile>& file) {
  ByteCursor cursor(file->bytes(), "the safetensors header");
  const auto header_size = cursor.read<std::uint64_t>();
  if (header_size > kLongestHeader) {
    throw Flaw("the safetensors header claims " + std::to_string(header_size) +
               " bytes, more than the format allows");
  }
  JsonReader header(cursor.take(header_size), "the safetensors header");
  WeightFile result{WeightFormat::kSafetensors, {}, {}};
  std::vector<Entry> entries;
  std::unordered_set<std::string> names;
  header.object([&](const std::string& name) {
    if (!names.insert(name).second) throw Flaw("the safetensors header names " + in_quotes(name) + " twice");
    if (name == kMetadataKey) {
      result.metadata = read_metadata(header);
    } else {
      entries.push_back(read_entry(header, name));
    }
  });
  header.finish();
  check_offsets(entries, cursor.remaining());
  for (Entry& entry : entries) {
    const std::int64_t count = checked_element_count(entry.shape, entry.name);
    const at::Tensor elements = elements_of_file(
        file, cursor.position() + static_cast<std::uint64_t>(entry.begin), count, entry.dtype);
    result.tensors.emplace_back(std::move(entry.name), elements.view(entry.shape));
  }
  return result;
}

}  // namespace weights

void write_safetensors(const std::string& path, const TensorMap& tensors,
                       const std::map<std::string, std::string>& metadata) {
  try {
    weights::write(path, tensors, metadata);
  } catch (...) {
    weights::rethrow_with_path(path);
  }
}

}  // namespace gp
