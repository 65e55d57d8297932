"""BERT and GlobalPointer written out on packed sequences, with dropout masks given from outside.

transformers draws its masks from PyTorch's generator; here they come from philox_masks.py, so that a training with
dropout can be compared number by number. With p = 0 it has to equal transformers, which write_dropout.py checks.
"""

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import functional

from global_pointer import rotate
from model_shape import ModelShape
from packed_batch import PackedBatch
from philox_masks import Masks

Weights = Mapping[str, Tensor]


def hidden_states(weights: Weights, shape: ModelShape, batch: PackedBatch, p: float, masks: Masks) -> Tensor:
    """[T, hidden]"""

    def linear(x: Tensor, name: str) -> Tensor:
        return functional.linear(x, weights[f"encoder.{name}.weight"], weights[f"encoder.{name}.bias"])

    def norm(x: Tensor, name: str) -> Tensor:
        name = f"encoder.{name}.LayerNorm"
        return functional.layer_norm(
            x, x.shape[-1:], weights[f"{name}.weight"], weights[f"{name}.bias"], shape.layer_norm_eps
        )

    ids = torch.tensor([token for sequence in batch.sequences for token in sequence])
    positions = torch.cat([torch.arange(length) for length in batch.lengths])
    x = weights["encoder.embeddings.word_embeddings.weight"][ids]
    x = x + weights["encoder.embeddings.position_embeddings.weight"][positions]
    x = x + weights["encoder.embeddings.token_type_embeddings.weight"][0]
    x = masks.dropout(norm(x, "embeddings"), p)
    for index in range(shape.num_hidden_layers):
        layer = f"encoder.layer.{index}"
        heads = [
            linear(x, f"{layer}.attention.self.{name}").view(len(x), shape.num_attention_heads, -1).transpose(0, 1)
            for name in ("query", "key", "value")
        ]  # [heads, T, d] each
        drawn = masks.attention(p)
        context, begin = [], 0
        for sequence, length in enumerate(batch.lengths):
            query, key, value = (head[:, begin : begin + length] for head in heads)
            scores = (query @ key.transpose(1, 2) / query.shape[-1] ** 0.5).softmax(dim=-1)
            context.append((drawn.apply(scores, sequence) @ value).transpose(0, 1).flatten(1))
            begin += length
        attended = masks.dropout(linear(torch.cat(context), f"{layer}.attention.output.dense"), p)
        attended = norm(attended + x, f"{layer}.attention.output")
        wide = functional.gelu(linear(attended, f"{layer}.intermediate.dense"))
        x = norm(masks.dropout(linear(wide, f"{layer}.output.dense"), p) + attended, f"{layer}.output")
    return x


def span_scores(weights: Weights, shape: ModelShape, hidden: Tensor, lengths: list[int]) -> list[Tensor]:
    """Per sequence [types, L, L], every cell filled."""
    projected = functional.linear(hidden, weights["dense.weight"], weights["dense.bias"])
    scores, begin = [], 0
    for length in lengths:
        rows = projected[begin : begin + length].view(1, length, shape.entity_type_count, 2 * shape.head_size)
        query, key = rows.split(shape.head_size, dim=-1)
        if shape.rope:
            query, key = rotate(query), rotate(key)
        scores.append(torch.einsum("mtd,ntd->tmn", query[0], key[0]) / shape.head_size**0.5)
        begin += length
    return scores
