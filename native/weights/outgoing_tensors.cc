#include "weights/outgoing_tensors.h"

#include <ATen/ATen.h>

#include <string_view>
#include <unordered_set>

#include "weights/element_type.h"
#include "weights/error.h"
#include "weights/utf8.h"

namespace gp::weights {

void check_outgoing(const TensorMap& tensors) {
  std::unordered_set<std::string_view> names;
  for (const auto& [name, tensor] : tensors) {
    const std::string shown = in_quotes(name);
    if (!is_utf8(name))
      throw Flaw("the tensor name " + shown + " is not UTF-8", "choose another name for it");
    if (!names.insert(name).second) {
      throw Flaw("two tensors are named " + shown, "give each tensor a name of its own");
    }
    if (!tensor.defined()) throw Flaw("tensor " + shown + " is undefined", "leave it out");
    if (tensor.layout() != at::kStrided || tensor.is_quantized()) {
      throw Flaw("tensor " + shown + " is not dense", "convert it to a dense tensor");
    }
    if (find_element_type(tensor.scalar_type()) == nullptr) {
      throw Flaw("tensor " + shown + " has the element type " + c10::toString(tensor.scalar_type()) +
                     ", which weight files do not hold",
                 "convert it to a floating-point or whole-number type");
    }
  }
}

at::Tensor laid_out_on_cpu(const at::Tensor& tensor) {
  return tensor.detach().to(at::kCPU).contiguous().resolve_conj().resolve_neg();
}

}  // namespace gp::weights
