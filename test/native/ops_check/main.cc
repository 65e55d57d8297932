#include <ATen/Parallel.h>

#include <string>
#include <vector>

#include "checks.h"

/** Prints a line of JSON for each check, or for those alone that have one of the arguments in their names;
 * the exit code is 1 when one failed. */
int main(int count, char** arguments) {
  at::set_num_threads(1);
  gp::check::Report report(std::vector<std::string>(arguments + 1, arguments + count));
  gp::check::check_simd(report);
  gp::check::check_gemm(report);
  gp::check::check_random_mask(report);
  gp::check::check_dropout(report);
  gp::check::check_rope(report);
  gp::check::check_attention(report);
  gp::check::check_linear(report);
  gp::check::check_residual_norm(report);
  gp::check::check_narrow_linear(report);
  gp::check::check_adamw_update(report);
  gp::check::check_gold_spans(report);
  gp::check::check_span_loss(report);
  gp::check::check_span_divergence(report);
  gp::check::check_span_decode(report);
  gp::check::check_dispatch(report);
  gp::check::check_block_allocator(report);
  gp::check::check_job_queue(report);
  gp::check::check_labelled_batch(report);
  gp::check::check_cuda(report);
  gp::check::check_cuda_session(report);
  return report.all_ok() ? 0 : 1;
}
