"""GlobalPointer on transformers' BertModel: dense, padded, masked. Slow and plain on purpose: this is the yardstick.

Su et al., "Global Pointer: Novel Efficient Span-based Approach for Named Entity Recognition", arXiv 2208.03054.
"""

import torch
from torch import Tensor, nn
from transformers import BertConfig, BertModel

ROPE_BASE = 10000.0
EXCLUDED = float("-inf")


def rotate(x: Tensor) -> Tensor:
    """RoPE (arXiv 2104.09864) over interleaved pairs (2m, 2m+1); x is [B, L, types, d], position = token index."""
    length, size = x.shape[1], x.shape[3]
    pair = torch.arange(size // 2, dtype=x.dtype)
    position = torch.arange(length, dtype=x.dtype)
    angle = position[:, None] * ROPE_BASE ** (-2.0 * pair / size)  # [L, d/2]
    cos, sin = angle.cos()[None, :, None, :], angle.sin()[None, :, None, :]  # [1, L, 1, d/2]
    even, odd = x[..., 0::2], x[..., 1::2]
    return torch.stack([even * cos - odd * sin, odd * cos + even * sin], dim=-1).flatten(-2)


def valid_cells(attention_mask: Tensor, mask_special_tokens: bool) -> Tensor:
    """[B, L, L], true where start <= end and both are tokens of the sequence that may bound a span."""
    bounds = attention_mask.bool()  # [B, L]
    if mask_special_tokens:
        bounds = bounds.clone()
        bounds[:, 0] = False  # [CLS]
        last = attention_mask.sum(dim=1) - 1
        bounds[torch.arange(len(last)), last] = False  # [SEP]
    return (bounds[:, :, None] & bounds[:, None, :]).triu()


def span_loss(scores: Tensor, gold: Tensor, valid: Tensor) -> Tensor:
    """Multilabel categorical cross-entropy; scores and gold are [B, types, L, L], valid is [B, L, L].

    mean over (sequence, type) of log(1 + sum_neg e^s) + log(1 + sum_pos e^-s); what is not valid takes no part at all.
    """
    valid = valid[:, None]  # [B, 1, L, L]
    negative = scores.masked_fill(gold | ~valid, EXCLUDED).flatten(2)
    positive = (-scores).masked_fill(~(gold & valid), EXCLUDED).flatten(2)
    one = torch.zeros_like(negative[..., :1])  # e^0, the "1 +"
    negative_term = torch.cat([one, negative], dim=-1).logsumexp(dim=-1)  # [B, types]
    positive_term = torch.cat([one, positive], dim=-1).logsumexp(dim=-1)
    return (negative_term + positive_term).mean()


class SpanModel(nn.Module):
    """An encoder, and a head that scores every span; `encoder.*` are the Hugging Face parameters without the pooler."""

    def __init__(self, config: BertConfig, entity_type_count: int) -> None:
        super().__init__()
        self.encoder = BertModel(config, add_pooling_layer=False)
        self.entity_type_count = entity_type_count

    def hidden(self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor | None = None) -> Tensor:
        """[B, L] ids to the encoder's last hidden state, [B, L, hidden]."""
        return self.encoder(
            input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids
        ).last_hidden_state

    def scores(self, hidden: Tensor) -> Tensor:
        """[B, L, hidden] to [B, types, L, L]; every cell is filled, also those that are not valid."""
        raise NotImplementedError


class GlobalPointer(SpanModel):
    """`dense.*` is the head."""

    def __init__(self, config: BertConfig, entity_type_count: int, head_size: int, rope: bool) -> None:
        super().__init__(config, entity_type_count)
        self.dense = nn.Linear(config.hidden_size, entity_type_count * 2 * head_size)
        self.head_size = head_size
        self.rope = rope

    def scores(self, hidden: Tensor) -> Tensor:
        batch, length, _ = hidden.shape
        projected = self.dense(hidden).view(batch, length, self.entity_type_count, 2 * self.head_size)
        query, key = projected.split(self.head_size, dim=-1)  # [B, L, types, d] each
        if self.rope:
            query, key = rotate(query), rotate(key)
        return torch.einsum("bmtd,bntd->btmn", query, key) / self.head_size**0.5
