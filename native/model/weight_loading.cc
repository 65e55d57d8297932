#include "model/weight_loading.h"

#include <ATen/ATen.h>

#include <map>
#include <set>
#include <sstream>

#include "weights/error.h"
#include "weights/mapped_file.h"

namespace gp {
namespace {

const std::string kEncoder = "encoder.";

bool is_encoder(const std::string& name) { return name.rfind(kEncoder, 0) == 0; }

/** What may stand in front of an encoder's names: what holds the encoder, itself held by a wrapper or not. */
std::vector<std::string> encoder_prefixes() {
  std::vector<std::string> prefixes = {""};
  for (const std::string wrapper : {"", "module.", "model."}) {
    for (const std::string owner : {"encoder.", "bert.", "roberta.", "electra.", "ernie.", "roformer."}) {
      prefixes.push_back(wrapper + owner);
    }
  }
  return prefixes;
}

std::string with_old_norm_names(std::string name) {
  const std::pair<std::string, std::string> renamed[] = {{"LayerNorm.weight", "LayerNorm.gamma"},
                                                         {"LayerNorm.bias", "LayerNorm.beta"}};
  for (const auto& [current, old] : renamed) {
    const size_t at = name.rfind(current);
    if (at != std::string::npos) return name.replace(at, current.size(), old);
  }
  return name;
}

class Names {
 public:
  explicit Names(const WeightFile& file) {
    for (const auto& [name, tensor] : file.tensors) tensors_.emplace(name, tensor);
  }

  /** The prefix under which the file has most of the encoder's parameters. */
  std::string encoder_prefix(const Parameters& parameters) const {
    std::string best;
    size_t most = 0;
    for (const std::string& prefix : encoder_prefixes()) {
      size_t hits = 0;
      for (const auto& [name, tensor] : parameters.all()) {
        if (is_encoder(name) && !find(prefix + name.substr(kEncoder.size())).empty()) ++hits;
      }
      if (hits > most) {
        most = hits;
        best = prefix;
      }
    }
    return best;
  }

  /** The name under which the file has a parameter, old LayerNorm names tried too; empty when it has not. */
  std::string find(const std::string& name) const {
    if (tensors_.count(name) > 0) return name;
    const std::string old = with_old_norm_names(name);
    return tensors_.count(old) > 0 ? old : std::string();
  }

  const std::map<std::string, at::Tensor>& tensors() const { return tensors_; }

 private:
  std::map<std::string, at::Tensor> tensors_;
};

std::string listed(const std::vector<std::string>& names) {
  std::ostringstream text;
  for (size_t i = 0; i < names.size() && i < 3; ++i) text << (i > 0 ? ", " : "") << names[i];
  if (names.size() > 3) text << " and " << names.size() - 3 << " more";
  return text.str();
}

std::string sizes_text(at::IntArrayRef sizes) {
  std::ostringstream text;
  text << sizes;
  return text.str();
}

}  // namespace

LoadReport load_weights(Parameters& parameters, const std::string& path, LoadScope scope) {
  const WeightFile file = read_weight_file(path);
  const Names names(file);
  const std::string prefix = names.encoder_prefix(parameters);

  LoadReport report{file.format, {}, {}, {}};
  std::vector<std::pair<at::Tensor, at::Tensor>> copies;
  std::vector<std::string> required_but_missing;
  std::set<std::string> used;
  for (const auto& [name, target] : parameters.all()) {
    const std::string key = names.find(is_encoder(name) ? prefix + name.substr(kEncoder.size()) : name);
    if (key.empty()) {
      report.missing.push_back(name);
      if (scope == LoadScope::kModel || is_encoder(name)) required_but_missing.push_back(name);
      continue;
    }
    const at::Tensor& source = names.tensors().at(key);
    used.insert(key);
    if (scope == LoadScope::kEncoder && !is_encoder(name)) {
      // A head in a pretrained directory belongs to other entity types: not taken over in silence.
      report.missing.push_back(name);
      report.unexpected.push_back(key);
      continue;
    }
    if (source.sizes() != target.sizes()) {
      throw WeightError("BAD_SHAPE",
                        "The tensor " + key + " in " + path + " has the shape " + sizes_text(source.sizes()) +
                            ", but the configuration beside it asks for " + sizes_text(target.sizes()) +
                            ": use the config.json that belongs to these weights.");
    }
    copies.emplace_back(target, source);
    report.loaded.push_back(name);
  }
  if (!required_but_missing.empty()) {
    throw WeightError("BAD_WEIGHTS", "The weights in " + path + " lack " +
                                         std::to_string(required_but_missing.size()) +
                                         " tensors of the model (" + listed(required_but_missing) +
                                         "): use weights that match the config.json beside them.");
  }
  for (const auto& [name, tensor] : names.tensors()) {
    if (used.count(name) == 0) report.unexpected.push_back(name);
  }
  at::NoGradGuard no_gradient;
  for (auto& [target, source] : copies) {
    target.copy_(source);
    // Else the whole file stands in memory beside the whole model.
    file.mapping->forget(source.const_data_ptr(), source.nbytes());
  }
  return report;
}

}  // namespace gp
