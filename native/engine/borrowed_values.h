#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

namespace gp {

/**
 * Gives tensors the values of others, without a copy, until it ends; then each has its own again, bit for
 * bit. The tensors keep their identity: whoever holds one sees the borrowed values.
 */
class BorrowedValues {
 public:
  BorrowedValues() = default;
  /** @param values one for each tensor, of its shape and device */
  BorrowedValues(const std::vector<at::Tensor>& tensors, const std::vector<at::Tensor>& values);
  ~BorrowedValues();
  BorrowedValues(const BorrowedValues&) = delete;
  BorrowedValues& operator=(const BorrowedValues&) = delete;

 private:
  std::vector<at::Tensor> tensors_;
  std::vector<at::Tensor> own_;
};

}  // namespace gp
