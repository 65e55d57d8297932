#pragma once

namespace gp {

/** What training may add to the loss; evaluation adds nothing. */
struct LossOptions {
  /** Share of each gold span that goes to its neighbours, smooth_boundaries; 0 for none. */
  double label_smoothing = 0;
  /** Weight of the divergence between two passes with dropout, span_divergence; 0 for a single pass. */
  double r_drop = 0;
};

}  // namespace gp
