#include "weights/storage.h"

#include <ATen/ATen.h>
#include <c10/util/safe_numerics.h>

#include <cstring>

#include "weights/error.h"

namespace gp::weights {
namespace {

at::Tensor view_or_copy(const std::shared_ptr<const MappedFile>& file, std::uint64_t offset,
                        std::int64_t count, at::ScalarType dtype) {
  if (count == 0) return at::empty({0}, dtype);
  const char* first = file->bytes().data() + offset;
  if (reinterpret_cast<std::uintptr_t>(first) % c10::elementSize(dtype) != 0) {
    at::Tensor copy = at::empty({count}, dtype);
    std::memcpy(copy.mutable_data_ptr(), first, copy.nbytes());
    return copy;
  }
  // The mapping is private and writable, so a caller that changes the tensor changes only its own copy of the
  // page.
  return at::from_blob(const_cast<char*>(first), {count}, [file](void*) {}, at::TensorOptions(dtype));
}

}  // namespace

at::Tensor elements_of_file(const std::shared_ptr<const MappedFile>& file, std::uint64_t offset,
                            std::int64_t count, at::ScalarType dtype) {
  const std::uint64_t room = offset <= file->size() ? file->size() - offset : 0;
  if (count < 0 || static_cast<std::uint64_t>(count) > room / c10::elementSize(dtype)) {
    throw Flaw(counted(static_cast<std::uint64_t>(count), "element", "elements") + " from byte " +
               std::to_string(offset) + " on go past the end of the file");
  }
  // A bool that is neither 0 nor 1 is undefined behaviour in C++, so bools are made anew from their bytes.
  if (dtype == at::kBool) return view_or_copy(file, offset, count, at::kByte).ne(0);
  return view_or_copy(file, offset, count, dtype);
}

std::int64_t checked_element_count(const std::vector<std::int64_t>& sizes, const std::string& tensor) {
  constexpr std::size_t kMostDimensions = 64;
  if (sizes.size() > kMostDimensions) {
    throw Flaw("tensor " + tensor + " has " + std::to_string(sizes.size()) + " dimensions");
  }
  std::int64_t product = 1;
  bool empty = false;
  for (const std::int64_t size : sizes) {
    if (size < 0) throw Flaw("tensor " + tensor + " has the negative size " + std::to_string(size));
    if (size == 0) {
      empty = true;
    } else if (c10::mul_overflows(product, size, &product)) {
      throw Flaw("the shape of tensor " + tensor + " is too large for any machine");
    }
  }
  return empty ? 0 : product;
}

}  // namespace gp::weights
