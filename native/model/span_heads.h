#pragma once

#include <ATen/core/Tensor.h>

#include <memory>

#include "model/layers.h"
#include "model/parameters.h"
#include "model/shape.h"
#include "ops/sequences.h"
#include "ops/span_factors.h"

namespace gp {

/** Scores every span of every entity type. What heads differ in is how factors come from hidden states. */
class SpanHead {
 public:
  virtual ~SpanHead() = default;
  /** @param hidden [T, hidden] */
  virtual SpanFactors factors(const at::Tensor& hidden, const Sequences& sequences,
                              ForwardMode mode) const = 0;
  /** From now on for predictions alone, linear layers in a narrower precision where that is worth it. */
  virtual void narrow_to(Precision precision) = 0;
  /** Lets go of what was prepared of the weights for predictions. */
  virtual void forget_panels() const = 0;
};

/** The head that the shape names, its parameters initialised as PyTorch does a linear layer. */
std::unique_ptr<SpanHead> make_head(Parameters& parameters, const ModelShape& shape);

/**
 * GlobalPointer (Su et al. 2022, arXiv 2208.03054): one projection gives each token a query and a key for
 * every entity type; both are rotated by position, and the score of a span is the product of its first
 * token's query and its last token's key.
 *
 * Parameters `dense.weight` and `dense.bias`, named and laid out as in GlobalPointer_pytorch: per type [q |
 * k].
 */
class GlobalPointerHead : public SpanHead {
 public:
  GlobalPointerHead(Parameters& parameters, const ModelShape& shape);
  SpanFactors factors(const at::Tensor& hidden, const Sequences& sequences, ForwardMode mode) const override;
  void narrow_to(Precision precision) override { projection_.narrow_to(precision); }
  void forget_panels() const override { projection_.forget_panels(); }

 private:
  int64_t types_;
  int64_t size_;
  bool rotate_;
  Linear projection_;  // to [types * 2 * headSize]
};

/**
 * Efficient GlobalPointer (Su, kexue.fm 8877; arXiv 2208.03054, section 3.3): one query and key a token say
 * whether a span is an entity at all; half of a bias for its first and of one for its last token say of which
 * type.
 *
 * Parameters as in bert4torch: `p_dense` [2 * headSize, hidden], whose even outputs are the query and odd
 * ones the key; `q_dense`, the biases, fed from the outputs of `p_dense` before their rotation ([2 * types, 2
 * * headSize], the layout of bert4keras) or from the hidden states ([2 * types, hidden]); its even outputs
 * belong to a span's last token, its odd ones to the first.
 */
class EfficientGlobalPointerHead : public SpanHead {
 public:
  EfficientGlobalPointerHead(Parameters& parameters, const ModelShape& shape);
  SpanFactors factors(const at::Tensor& hidden, const Sequences& sequences, ForwardMode mode) const override;
  void narrow_to(Precision precision) override { projection_.narrow_to(precision); }
  void forget_panels() const override {
    projection_.forget_panels();
    type_biases_.forget_panels();
  }

 private:
  int64_t types_;
  int64_t size_;
  bool rotate_;
  bool bias_from_hidden_;
  Linear projection_;
  Linear type_biases_;
};

/**
 * TPLinker's scoring of a span (Wang et al. 2020, COLING, arXiv 2010.13415, eq. 1, with one binary decision a
 * type as in TPLinker-NER): s(i, j) = w . tanh(W [h_i; h_j] + b) + c. The product with W falls into one with
 * h_i and one with h_j, so that nothing of size L * L * hidden exists.
 *
 * Parameters `combine_fc` [hidden, 2 * hidden] and `output_fc` [types, hidden].
 */
class TPLinkerHead : public SpanHead {
 public:
  TPLinkerHead(Parameters& parameters, const ModelShape& shape);
  SpanFactors factors(const at::Tensor& hidden, const Sequences& sequences, ForwardMode mode) const override;
  /** Its two products are a small part of the work. */
  void narrow_to(Precision) override {}
  void forget_panels() const override {}

 private:
  Linear combine_;
  Linear output_;
};

}  // namespace gp
