#pragma once

#include <ATen/core/Tensor.h>

#include "engine/borrowed_values.h"
#include "engine/training_options.h"

namespace gp {

/**
 * Word embeddings moved to where the loss is higher, for as long as this lives; then they are what they were,
 * bit for bit. With E the embedding matrix, r the perturbation (0 at first) and g the gradient by E where E
 * stands:
 *
 *     r <- r + alpha g / ||g||_2,   r <- r min(1, epsilon / ||r||_2),   E + r is what the model sees
 *
 * One ascent of alpha = epsilon is the fast gradient method on embeddings (Miyato et al. 2017, arXiv
 * 1605.07725), several are projected gradient descent in the L2 ball (Madry et al. 2018, arXiv 1706.06083).
 * Norms are taken over the whole matrix.
 */
class PerturbedEmbeddings {
 public:
  /** @param embeddings [vocab, hidden] a parameter of the model */
  PerturbedEmbeddings(const at::Tensor& embeddings, const AdversarialOptions& options);

  /** @param gradient by the embeddings where they stand; one that is zero has no direction and changes
   * nothing */
  void ascend(const at::Tensor& gradient);

 private:
  AdversarialOptions options_;
  at::Tensor original_;
  at::Tensor perturbation_;
  at::Tensor perturbed_;
  BorrowedValues borrowed_;
};

}  // namespace gp
