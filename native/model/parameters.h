#pragma once

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace gp {

/** Whether a parameter belongs to the encoder, by its name; all others are the head's. */
inline bool is_encoder_parameter(const std::string& name) { return name.rfind("encoder.", 0) == 0; }

/** The trainable tensors of a model by name, in the order of their creation; the name is the key on disk. */
class Parameters {
 public:
  /** @param seed of the random initialisation; the order of creation decides which tensor gets which numbers.
   */
  explicit Parameters(uint64_t seed);

  at::Tensor normal(const std::string& name, at::IntArrayRef sizes, double standard_deviation);
  at::Tensor uniform(const std::string& name, at::IntArrayRef sizes, double bound);
  at::Tensor constant(const std::string& name, at::IntArrayRef sizes, double value);

  const std::vector<std::pair<std::string, at::Tensor>>& all() const { return named_; }
  /** Those from the `first` one on. */
  std::vector<at::Tensor> since(size_t first) const;
  /** @throws std::out_of_range when there is none of that name */
  const at::Tensor& named(const std::string& name) const;
  int64_t bytes() const;
  int64_t count() const;
  void to(const at::Device& device);
  void clear_gradients();

 private:
  at::Tensor add(const std::string& name, at::Tensor value);

  std::vector<std::pair<std::string, at::Tensor>> named_;
  at::Generator generator_;
};

}  // namespace gp
