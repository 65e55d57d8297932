"""The sizes of a model, and models of those sizes with lively random weights."""

from dataclasses import dataclass

import torch
from transformers import BertConfig

from global_pointer import GlobalPointer, SpanModel
from other_heads import EfficientGlobalPointer, TPLinker


@dataclass(frozen=True)
class ModelShape:
    """`ModelShape` of lib/model/native.ts, in its order."""

    vocab_size: int
    hidden_size: int
    num_hidden_layers: int
    num_attention_heads: int
    intermediate_size: int
    max_position_embeddings: int
    entity_type_count: int
    head_size: int
    type_vocab_size: int = 2
    layer_norm_eps: float = 1e-12
    hidden_act: str = "gelu"
    rope: bool = True
    mask_special_tokens: bool = False
    head_type: str = "global-pointer"
    bias_input: str = "projection"

    def to_json(self) -> dict:
        return {
            "vocabSize": self.vocab_size,
            "hiddenSize": self.hidden_size,
            "numHiddenLayers": self.num_hidden_layers,
            "numAttentionHeads": self.num_attention_heads,
            "intermediateSize": self.intermediate_size,
            "maxPositionEmbeddings": self.max_position_embeddings,
            "typeVocabSize": self.type_vocab_size,
            "layerNormEps": self.layer_norm_eps,
            "hiddenAct": self.hidden_act,
            "hiddenDropoutProb": 0.0,
            "attentionProbsDropoutProb": 0.0,
            "initializerRange": 0.02,
            "entityTypeCount": self.entity_type_count,
            **({} if self.head_type == "global-pointer" else self.head_json()),
            "headSize": self.head_size,
            "rope": self.rope,
            "maskSpecialTokens": self.mask_special_tokens,
        }

    def head_json(self) -> dict:
        return {"headType": self.head_type, "biasInput": self.bias_input}

    def bert_config(self) -> BertConfig:
        return BertConfig(
            vocab_size=self.vocab_size,
            hidden_size=self.hidden_size,
            num_hidden_layers=self.num_hidden_layers,
            num_attention_heads=self.num_attention_heads,
            intermediate_size=self.intermediate_size,
            max_position_embeddings=self.max_position_embeddings,
            type_vocab_size=self.type_vocab_size,
            layer_norm_eps=self.layer_norm_eps,
            hidden_act=self.hidden_act,
            hidden_dropout_prob=0.0,
            attention_probs_dropout_prob=0.0,
        )

    def build(self, attention: str = "eager") -> SpanModel:
        config = self.bert_config()
        config._attn_implementation = attention
        if self.head_type == "tplinker":
            return TPLinker(config, self.entity_type_count)
        if self.head_type == "efficient-global-pointer":
            from_hidden = self.bias_input == "hidden"
            return EfficientGlobalPointer(config, self.entity_type_count, self.head_size, self.rope, from_hidden)
        return GlobalPointer(config, self.entity_type_count, self.head_size, self.rope)


def random_weights(shape: ModelShape, seed: int, head_scale: float = 1.0) -> dict[str, torch.Tensor]:
    """float32 weights, well above BERT's 0.02, biases and LayerNorm included: no gradient is trivially small."""
    generator = torch.Generator().manual_seed(seed)
    weights = {}
    for name, parameter in shape.build().named_parameters():
        noise = torch.randn(parameter.shape, generator=generator)
        if name.endswith("LayerNorm.weight"):
            weights[name] = 1.0 + 0.2 * noise
        elif name.endswith("bias"):
            weights[name] = 0.1 * noise
        elif "embeddings" in name:
            weights[name] = 0.5 * noise
        else:
            weights[name] = noise * 1.2 / parameter.shape[1] ** 0.5
        if not name.startswith("encoder.") and name.endswith("weight"):
            weights[name] *= head_scale
    return weights
