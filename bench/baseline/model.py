"""GlobalPointer as it is commonly written in PyTorch: padded batches, dense scores, dense labels.

Su et al., "Global Pointer: Novel Efficient Span-based Approach for Named Entity Recognition", arXiv 2208.03054.
"""

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from transformers import BertConfig, BertModel
from workload import Batch, Workload, padded

EXCLUDED = 1e12


class GlobalPointer(nn.Module):
    def __init__(self, config: BertConfig, types: int, head_size: int) -> None:
        super().__init__()
        self.encoder = BertModel(config, add_pooling_layer=False)
        self.dense = nn.Linear(config.hidden_size, types * 2 * head_size)
        self.types = types
        self.head_size = head_size

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """[B, L] to scores [B, types, L, L], about -1e12 where no span can be."""
        hidden = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        batch, length, _ = hidden.shape
        projected = self.dense(hidden).view(batch, length, self.types, 2 * self.head_size)
        query, key = projected.split(self.head_size, dim=-1)  # [B, L, types, d]
        query, key = rotate(query), rotate(key)
        scores = torch.einsum("bmhd,bnhd->bhmn", query, key)
        scores = scores - (1 - attention_mask[:, None, None, :].to(scores.dtype)) * EXCLUDED
        below = torch.tril(torch.ones_like(scores), diagonal=-1)
        return (scores - below * EXCLUDED) / self.head_size**0.5


def rotate(x: Tensor) -> Tensor:
    """RoPE (arXiv 2104.09864) over pairs (2m, 2m+1); x is [B, L, types, d]."""
    length, size = x.shape[1], x.shape[3]
    # Under autocast the projection is in bfloat16; angles are not.
    frequency = 10000.0 ** (-2.0 * torch.arange(size // 2, dtype=torch.float32, device=x.device) / size)
    angle = torch.arange(length, dtype=torch.float32, device=x.device)[:, None] * frequency  # [L, d/2]
    cos = angle.cos().repeat_interleave(2, dim=-1)[None, :, None, :]
    sin = angle.sin().repeat_interleave(2, dim=-1)[None, :, None, :]
    turned = torch.stack([-x[..., 1::2], x[..., ::2]], dim=-1).reshape(x.shape)
    return x * cos + turned * sin


def span_loss(scores: Tensor, labels: Tensor) -> Tensor:
    """Multilabel categorical cross-entropy with dense labels; both are [B, types, L, L]."""
    rows = scores.shape[0] * scores.shape[1]
    scores, labels = scores.reshape(rows, -1), labels.reshape(rows, -1)
    signed = (1 - 2 * labels) * scores
    negative = signed - labels * EXCLUDED
    positive = signed - (1 - labels) * EXCLUDED
    zero = torch.zeros_like(signed[:, :1])
    negative = torch.logsumexp(torch.cat([negative, zero], dim=-1), dim=-1)
    positive = torch.logsumexp(torch.cat([positive, zero], dim=-1), dim=-1)
    return (negative + positive).mean()


def dense_labels(batch: Batch, types: int, device: str = "cpu") -> Tensor:
    """[B, types, L, L]"""
    longest = max(map(len, batch.sequences))
    labels = torch.zeros(len(batch.sequences), types, longest, longest, dtype=torch.int64, device=device)
    if batch.gold:
        labels[tuple(torch.tensor(batch.gold, device=device).T)] = 1
    return labels


def tensors(sequences: list[list[int]], device: str = "cpu") -> tuple[Tensor, Tensor]:
    ids, mask = padded(sequences)
    return torch.tensor(ids).to(device), torch.tensor(mask).to(device)


def load_model(workload: Workload) -> GlobalPointer:
    config = BertConfig.from_pretrained(workload.model)
    model = GlobalPointer(config, workload.types, workload.head_size)
    model.load_state_dict(load_file(workload.model / "model.safetensors"))
    return model
