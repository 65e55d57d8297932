#include "engine/adversarial.h"

#include <ATen/ATen.h>

#include "ops/gradient_norm.h"

namespace gp {

PerturbedEmbeddings::PerturbedEmbeddings(const at::Tensor& embeddings, const AdversarialOptions& options)
    : options_(options),
      original_(embeddings.detach()),
      perturbation_(at::zeros_like(original_)),
      perturbed_(original_.clone()),
      borrowed_({embeddings}, {perturbed_}) {}

void PerturbedEmbeddings::ascend(const at::Tensor& gradient) {
  at::NoGradGuard no_gradient;
  const at::Tensor once = gradient.is_sparse() ? gradient.coalesce() : gradient;
  const double slope = gradient_norm({once});
  if (slope == 0) return;
  perturbation_.add_(once, options_.alpha / slope);
  const double distance = perturbation_.norm().item<double>();
  if (distance > options_.epsilon) perturbation_.mul_(options_.epsilon / distance);
  at::add_out(perturbed_, original_, perturbation_);
}

}  // namespace gp
