#pragma once

#include <cstdint>
#include <string>

namespace gp {

/** Where a token stands is told by an embedding of its position, or by rotating queries and keys. */
enum class Positions { kLearned, kRotary };

/** Sizes and switches of a model; the names follow Hugging Face's BERT configuration. */
struct ModelShape {
  int64_t vocab_size = 0;
  int64_t hidden_size = 0;
  int64_t num_hidden_layers = 0;
  int64_t num_attention_heads = 0;
  int64_t intermediate_size = 0;
  int64_t max_position_embeddings = 0;
  int64_t type_vocab_size = 0;
  /** The word embedding that stays as it is ([PAD]); -1 for none. */
  int64_t pad_token_id = 0;
  double layer_norm_eps = 1e-12;
  std::string hidden_act = "gelu";
  double hidden_dropout_prob = 0.1;
  double attention_probs_dropout_prob = 0.1;
  double initializer_range = 0.02;
  /** Width of the embeddings; where it is not that of the layers, a projection stands between. */
  int64_t embedding_size = 0;
  Positions positions = Positions::kLearned;
  /** Row of the position table for the first token: 0, or pad_token_id + 1 (RoBERTa). */
  int64_t position_offset = 0;
  /** Rows of the table of tasks (ERNIE), of which every token gets the first; 0 for none. */
  int64_t task_type_vocab_size = 0;
  /** With rotary positions: whether values are rotated, too. */
  bool rotary_value = false;
  int64_t entity_type_count = 0;
  /** `global-pointer`, `efficient-global-pointer` or `tplinker`. */
  std::string head_type = "global-pointer";
  /** Width of query and key, and whether they are rotated by position; TPLinker has neither. */
  int64_t head_size = 64;
  bool rope = true;
  /** What the biases of Efficient GlobalPointer are made of: `projection` or `hidden`. */
  std::string bias_input = "projection";
  bool mask_special_tokens = false;

  /** Tokens of a sequence at most. */
  int64_t usable_positions() const { return max_position_embeddings - position_offset; }
};

}  // namespace gp
