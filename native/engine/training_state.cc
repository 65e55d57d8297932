// What a training saves and takes back: the file beside a checkpoint's weights.
#include <ATen/ATen.h>

#include <map>

#include "engine/error.h"
#include "engine/on_cpu.h"
#include "engine/training.h"
#include "weights/mapped_file.h"
#include "weights/safetensors.h"

namespace gp {
namespace {

/** Before the name of a weight itself, which stands in the file beside moments when the model has an average.
 */
const std::string kWeight = "weight.";

bool is_weight(const std::string& name) { return name.rfind(kWeight, 0) == 0; }

uint64_t whole_number(const std::map<std::string, std::string>& metadata, const std::string& key,
                      const std::string& path) {
  const auto found = metadata.find(key);
  if (found == metadata.end() || found->second.empty() || found->second.size() > 20 ||
      found->second.find_first_not_of("0123456789") != std::string::npos) {
    throw Error("BAD_WEIGHTS", "The optimizer state " + path + " lacks its " + key +
                                   ": resume from another checkpoint, or start training anew.");
  }
  return std::stoull(found->second);
}

[[noreturn]] void refuse(const std::string& path, const std::string& reason) {
  throw Error("BAD_WEIGHTS", "The optimizer state " + path + " does not fit this training: " + reason +
                                 "; resume with the options and the model that it was saved with.");
}

[[noreturn]] void refuse_missing(const std::string& path, const std::string& name) {
  refuse(path, is_weight(name) ? "it was saved without a moving average of the weights, which is on now"
                               : "the tensor " + name + " is missing or of another shape");
}

[[noreturn]] void refuse_unexpected(const std::string& path, const std::string& name) {
  refuse(path, is_weight(name) ? "it was saved with a moving average of the weights, which is off now"
                               : "it has the tensor " + name + ", of a parameter that does not learn now");
}

}  // namespace

TensorMap Training::state() const {
  TensorMap state = optimizer_.moments();
  if (!average_) return state;
  for (const auto& group : groups_) {
    for (const auto& [name, tensor] : group.parameters) state.emplace_back(kWeight + name, tensor);
  }
  return state;
}

void Training::save(const std::string& path, const RandomStream& random) const {
  write_safetensors(path, on_cpu(state()),
                    {{"steps", std::to_string(optimizer_.steps())},
                     {"randomSeed", std::to_string(random.seed)},
                     {"randomDraws", std::to_string(random.draws)}});
}

void Training::load(const std::string& path, RandomStream& random) {
  const WeightFile file = read_weight_file(path);
  const RandomStream saved{whole_number(file.metadata, "randomSeed", path),
                           whole_number(file.metadata, "randomDraws", path)};
  const auto steps = static_cast<int64_t>(whole_number(file.metadata, "steps", path));
  const TensorMap targets = state();
  const std::map<std::string, at::Tensor> wanted(targets.begin(), targets.end());
  const std::map<std::string, at::Tensor> given(file.tensors.begin(), file.tensors.end());
  // Everything is looked at before anything is copied. What is there too much tells more than what is not
  // there.
  for (const auto& [name, tensor] : given) {
    if (wanted.count(name) == 0) refuse_unexpected(path, name);
  }
  for (const auto& [name, target] : targets) {
    const auto found = given.find(name);
    if (found == given.end() || found->second.sizes() != target.sizes()) refuse_missing(path, name);
  }
  at::NoGradGuard no_gradient;
  for (const auto& [name, target] : targets) {
    const at::Tensor& source = given.at(name);
    target.copy_(source);
    file.mapping->forget(source.const_data_ptr(), source.nbytes());
  }
  optimizer_.moments_replaced(steps);
  if (graphs_) graphs_->clear();  // they count steps elsewhere
  random = saved;
}

}  // namespace gp
