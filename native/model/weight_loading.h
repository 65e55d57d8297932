#pragma once

#include <string>
#include <vector>

#include "model/parameters.h"
#include "weights/weight_file.h"

namespace gp {

/** How the names in a weight file met the names of the model. */
struct LoadReport {
  WeightFormat format;
  std::vector<std::string> loaded;
  /** Parameters of the model that the file lacks; they keep the values they had. */
  std::vector<std::string> missing;
  /** Tensors of the file that the model has no use for: the pooler, pretraining heads. */
  std::vector<std::string> unexpected;
};

/** Which parameters a file has to bring: all of a trained model, or a pretrained encoder's only. */
enum class LoadScope { kModel, kEncoder };

/**
 * Copies the tensors of a file into the parameters. Encoder keys may carry a prefix (`encoder.` as this
 * project and the PyTorch original write, `bert.`, `roberta.`, `electra.`, `ernie.`, `roformer.`, any of them
 * behind `module.` or `model.`, or none) and the old names `LayerNorm.gamma` / `LayerNorm.beta`. Nothing is
 * copied unless everything in scope is there and fits.
 * @throws WeightError BAD_WEIGHTS naming the tensors that are missing, BAD_SHAPE one that does not fit
 */
LoadReport load_weights(Parameters& parameters, const std::string& path, LoadScope scope);

}  // namespace gp
