#pragma once

#include "model/parameters.h"

namespace gp {

/** Parameters without gradients, at its beginning and at its end. */
class GradientScope {
 public:
  explicit GradientScope(Parameters& parameters) : parameters_(parameters) { parameters_.clear_gradients(); }
  ~GradientScope() { parameters_.clear_gradients(); }
  GradientScope(const GradientScope&) = delete;
  GradientScope& operator=(const GradientScope&) = delete;

 private:
  Parameters& parameters_;
};

}  // namespace gp
