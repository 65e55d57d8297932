"""The other heads, dense and plain: Efficient GlobalPointer in both of its variants, and TPLinker's additive scoring."""

import torch
from torch import Tensor, nn
from transformers import BertConfig

from global_pointer import SpanModel, rotate


class EfficientGlobalPointer(SpanModel):
    """Su, kexue.fm 8877. `p_dense` gives query (even) and key (odd outputs), `q_dense` two biases a type.

    The biases are made of the unrotated outputs of `p_dense`, as in bert4keras, or of the hidden states.
    """

    def __init__(
        self, config: BertConfig, entity_type_count: int, head_size: int, rope: bool, bias_from_hidden: bool
    ) -> None:
        super().__init__(config, entity_type_count)
        self.p_dense = nn.Linear(config.hidden_size, 2 * head_size)
        self.q_dense = nn.Linear(config.hidden_size if bias_from_hidden else 2 * head_size, 2 * entity_type_count)
        self.head_size = head_size
        self.rope = rope
        self.bias_from_hidden = bias_from_hidden

    def scores(self, hidden: Tensor) -> Tensor:
        projected = self.p_dense(hidden)  # [B, L, 2d]
        query, key = projected[..., 0::2], projected[..., 1::2]  # [B, L, d] each
        if self.rope:
            query, key = rotate(query[:, :, None])[:, :, 0], rotate(key[:, :, None])[:, :, 0]
        product = torch.einsum("bmd,bnd->bmn", query, key) / self.head_size**0.5
        bias = self.q_dense(hidden if self.bias_from_hidden else projected).transpose(1, 2) / 2  # [B, 2 types, L]
        last, first = bias[:, 0::2], bias[:, 1::2]  # [B, types, L] each
        return product[:, None] + first[:, :, :, None] + last[:, :, None, :]


class TPLinker(SpanModel):
    """s(i, j) = w . tanh(W [h_i; h_j] + b) + c for each type, all pairs at once."""

    def __init__(self, config: BertConfig, entity_type_count: int) -> None:
        super().__init__(config, entity_type_count)
        self.combine_fc = nn.Linear(2 * config.hidden_size, config.hidden_size)
        self.output_fc = nn.Linear(config.hidden_size, entity_type_count)

    def scores(self, hidden: Tensor) -> Tensor:
        batch, length, size = hidden.shape
        first = hidden[:, :, None].expand(batch, length, length, size)
        last = hidden[:, None].expand(batch, length, length, size)
        pairs = torch.tanh(self.combine_fc(torch.cat([first, last], dim=-1)))  # [B, L, L, hidden]
        return self.output_fc(pairs).permute(0, 3, 1, 2)
