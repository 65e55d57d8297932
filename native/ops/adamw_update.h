#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace gp {

/** One step of AdamW (Loshchilov and Hutter 2019, algorithm 2), for parameters that share all of this. */
struct AdamWUpdate {
  double rate;
  double weight_decay;
  double beta1;
  double beta2;
  double eps;
  int64_t step;  // from 1 on
  /** What gradients are divided by first. */
  double divisor = 1;
};

/**
 * What a step works on: p, g, m and v of one parameter. g has p's sizes, or is a coalesced sparse tensor with
 * one sparse dimension [rows, ...]: the rows that are not there have a gradient of zero.
 */
struct AdamWTarget {
  at::Tensor parameter;
  at::Tensor gradient;
  at::Tensor first_moment;
  at::Tensor second_moment;
  /**
   * [rows] bytes, of a parameter whose gradients are sparse: 0 while both moments of a row are zero, as they
   * stay until its first gradient. Undefined otherwise.
   */
  at::Tensor begun_rows;
};

/** g / divisor; p -= rate weight_decay p; m and v move towards g and g^2; p -= rate m' / (sqrt(v') + eps). */
void adamw_update(const std::vector<AdamWTarget>& targets, const AdamWUpdate& update);
/** The same by LibTorch's fused operator, gradients made dense. */
void adamw_update_reference(const std::vector<AdamWTarget>& targets, const AdamWUpdate& update);
/** The same in one pass over all targets; rows that never had a gradient are not but decayed. Float, CPU. */
void adamw_update_cpu(const std::vector<AdamWTarget>& targets, const AdamWUpdate& update);

}  // namespace gp
