#pragma once

#include <napi.h>

#include <vector>

#include "engine/session.h"

// What training takes from JavaScript, checked and copied as binding/arguments.h says.
namespace gp::binding {

/** OptimizerOptions (argument 0) and, where it is given, StepOptions (argument 1). */
TrainingOptions training_options_arguments(const Napi::CallbackInfo& info, const ModelShape& shape);
/** An array of at least one LabelledBatch. */
std::vector<LabelledBatch> labelled_batches_argument(const Napi::CallbackInfo& info, size_t index,
                                                     const ModelShape& shape);
LearningRates learning_rates_argument(const Napi::CallbackInfo& info, size_t index);

}  // namespace gp::binding
