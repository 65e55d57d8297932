#pragma once

#include "report.h"

// One function a file: the checks of one operation of native/ops or part of native/engine.
namespace gp::check {

void check_simd(Report& report);
void check_gemm(Report& report);
void check_random_mask(Report& report);
void check_dropout(Report& report);
void check_rope(Report& report);
void check_attention(Report& report);
void check_linear(Report& report);
void check_residual_norm(Report& report);
void check_narrow_linear(Report& report);
void check_adamw_update(Report& report);
void check_gold_spans(Report& report);
void check_span_loss(Report& report);
void check_span_divergence(Report& report);
void check_span_decode(Report& report);
void check_dispatch(Report& report);
void check_block_allocator(Report& report);
void check_job_queue(Report& report);
void check_labelled_batch(Report& report);
void check_cuda(Report& report);
void check_cuda_session(Report& report);

}  // namespace gp::check
