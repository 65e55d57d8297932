#include "engine/borrowed_values.h"

#include <ATen/ATen.h>

namespace gp {

// Delegating makes the destructor run when something below throws half-way.
BorrowedValues::BorrowedValues(const std::vector<at::Tensor>& tensors, const std::vector<at::Tensor>& values)
    : BorrowedValues() {
  for (const auto& tensor : tensors) own_.push_back(tensor.detach());
  tensors_ = tensors;
  for (size_t i = 0; i < tensors.size(); ++i) tensors_[i].set_data(values[i]);
}

BorrowedValues::~BorrowedValues() {
  for (size_t i = 0; i < tensors_.size(); ++i) tensors_[i].set_data(own_[i]);
}

}  // namespace gp
