#include <ATen/ATen.h>
#include <c10/util/strides.h>
#include <caffe2/serialize/inline_container.h>

#include <cstdint>
#include <exception>
#include <limits>
#include <string_view>

#include "weights/atomic_file.h"
#include "weights/element_type.h"
#include "weights/error.h"
#include "weights/outgoing_tensors.h"
#include "weights/torch_archive.h"

namespace gp {
namespace weights {
namespace {

/** Puts together a pickle of protocol 2 with the few opcodes that a state dictionary needs. */
class PickleWriter {
 public:
  PickleWriter& raw(std::string_view opcodes) {
    bytes_ += opcodes;
    return *this;
  }
  PickleWriter& global(std::string_view module, std::string_view name) {
    return raw("c").raw(module).raw("\n").raw(name).raw("\n");
  }
  PickleWriter& text(std::string_view text) {
    return raw("X").number(static_cast<std::uint32_t>(text.size())).raw(text);
  }
  PickleWriter& integer(std::int64_t value) {
    if (value >= 0 && value <= std::numeric_limits<std::int32_t>::max()) {
      return raw("J").number(static_cast<std::int32_t>(value));
    }
    return raw("\x8a\x08").number(value);
  }
  PickleWriter& integers(at::IntArrayRef values) {
    raw("(");
    for (const std::int64_t value : values) integer(value);
    return raw("t");
  }
  PickleWriter& empty_ordered_dict() { return global("collections", "OrderedDict").raw(")R"); }

  const std::string& bytes() const { return bytes_; }

 private:
  template <typename Number>
  PickleWriter& number(Number value) {
    return raw({reinterpret_cast<const char*>(&value), sizeof value});
  }

  std::string bytes_;
};

std::string storage_key(std::size_t index) { return std::to_string(index); }

std::string pickle_of(const TensorMap& tensors) {
  PickleWriter pickle;
  pickle.raw("\x80\x02").empty_ordered_dict().raw("(");
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const auto& [name, tensor] = tensors[i];
    const std::string_view storage_class = find_element_type(tensor.scalar_type())->storage_class;
    const at::DimVector strides = c10::contiguous_strides(tensor.sizes());
    pickle.text(name).global("torch._utils", "_rebuild_tensor_v2").raw("(");
    pickle.raw("(").text("storage").global("torch", storage_class).text(storage_key(i)).text("cpu");
    pickle.integer(tensor.numel()).raw("tQ");
    pickle.integer(0).integers(tensor.sizes()).integers(strides);
    pickle.raw("\x89").empty_ordered_dict().raw("tR");  // requires_grad=False, no hooks
  }
  return pickle.raw("u.").bytes();
}

void write(const std::string& path, const TensorMap& tensors) {
  check_outgoing(tensors);
  const std::string pickle = pickle_of(tensors);
  AtomicFile file(path);
  // The zip writer finishes the archive in its destructor, and what fails there ends the process. So a
  // failure is kept from it and thrown when it is gone.
  std::exception_ptr failure;
  {
    const auto sink = [&](const void* data, std::size_t size) {
      try {
        if (!failure) file.write(data, size);
      } catch (...) {
        failure = std::current_exception();
      }
      return size;
    };
    caffe2::serialize::PyTorchStreamWriter archive(sink);
    constexpr std::string_view kByteOrder = "little";
    archive.writeRecord("data.pkl", pickle.data(), pickle.size());
    archive.writeRecord("byteorder", kByteOrder.data(), kByteOrder.size());
    for (std::size_t i = 0; i < tensors.size() && !failure; ++i) {
      const at::Tensor laid_out = laid_out_on_cpu(tensors[i].second);
      archive.writeRecord("data/" + storage_key(i), laid_out.const_data_ptr(), laid_out.nbytes());
    }
    archive.writeEndOfFile();
  }
  if (failure) std::rethrow_exception(failure);
  file.commit();
}

}  // namespace
}  // namespace weights

void write_torch_state_dict(const std::string& path, const TensorMap& tensors) {
  try {
    weights::write(path, tensors);
  } catch (...) {
    weights::rethrow_with_path(path);
  }
}

}  // namespace gp
