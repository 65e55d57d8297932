#include "model/parameters.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include <stdexcept>

namespace gp {

Parameters::Parameters(uint64_t seed) : generator_(at::detail::createCPUGenerator(seed)) {}

at::Tensor Parameters::add(const std::string& name, at::Tensor value) {
  value.set_requires_grad(true);
  named_.emplace_back(name, value);
  return value;
}

at::Tensor Parameters::normal(const std::string& name, at::IntArrayRef sizes, double standard_deviation) {
  return add(name, at::empty(sizes, at::kFloat).normal_(0, standard_deviation, generator_));
}

at::Tensor Parameters::uniform(const std::string& name, at::IntArrayRef sizes, double bound) {
  return add(name, at::empty(sizes, at::kFloat).uniform_(-bound, bound, generator_));
}

at::Tensor Parameters::constant(const std::string& name, at::IntArrayRef sizes, double value) {
  return add(name, at::full(sizes, value, at::kFloat));
}

std::vector<at::Tensor> Parameters::since(size_t first) const {
  std::vector<at::Tensor> tensors;
  for (size_t i = first; i < named_.size(); ++i) tensors.push_back(named_[i].second);
  return tensors;
}

const at::Tensor& Parameters::named(const std::string& name) const {
  for (const auto& [known, tensor] : named_) {
    if (known == name) return tensor;
  }
  throw std::out_of_range("The model has no parameter " + name + ".");
}

int64_t Parameters::count() const {
  int64_t count = 0;
  for (const auto& [name, tensor] : named_) count += tensor.numel();
  return count;
}

int64_t Parameters::bytes() const { return count() * static_cast<int64_t>(sizeof(float)); }

void Parameters::to(const at::Device& device) {
  // set_data keeps the identity that the modules and the optimizer hold on to.
  for (auto& [name, tensor] : named_) tensor.set_data(tensor.detach().to(device));
}

void Parameters::clear_gradients() {
  for (auto& [name, tensor] : named_) tensor.mutable_grad() = at::Tensor();
}

}  // namespace gp
