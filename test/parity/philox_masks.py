"""The dropout masks of the native engine, from their definition: Philox 4x32-10 (Salmon et al. 2011) on counters.

Value i of part `part` of mask number `draw`: with block = i // 128 and r = i % 128, lane = r % 16 of the 16 counters
(16 block + lane, high word of draw, part, low word of draw); r // 16 says which half of which of the four words. The
key is the seed. A half below p * 65536, rounded, drops the value; all others are scaled by what is left.
"""

import numpy as np
import torch
from torch import Tensor

MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
WEYL = (0x9E3779B9, 0xBB67AE85)
WORD = 0xFFFFFFFF
DROPOUT_PART = 4096  # elements of a tensor that share a part


def philox(counters: list[np.ndarray], key: tuple[int, int]) -> list[np.ndarray]:
    """Ten rounds on four words each (uint64 arrays that hold 32 bits)."""
    x = list(counters)
    for i in range(10):
        keys = [np.uint64((key[j] + i * WEYL[j]) & WORD) for j in (0, 1)]
        left, right = x[0] * np.uint64(MULTIPLIERS[0]), x[2] * np.uint64(MULTIPLIERS[1])
        x = [
            (right >> np.uint64(32)) ^ x[1] ^ keys[0],
            right & np.uint64(WORD),
            (left >> np.uint64(32)) ^ x[3] ^ keys[1],
            left & np.uint64(WORD),
        ]
    return x


def mask(seed: int, draw: int, part: int, p: float, count: int) -> Tensor:
    """[count] zeros and 1 / (1 - p), in float64."""
    blocks = -(-count // 128)
    first = np.arange(blocks * 16, dtype=np.uint64)
    words = philox(
        [first, np.full_like(first, draw >> 32), np.full_like(first, part), np.full_like(first, draw & WORD)],
        (seed & WORD, seed >> 32),
    )
    halves = [half for word in words for half in (word & np.uint64(0xFFFF), word >> np.uint64(16))]
    # [8, blocks * 16] to [blocks, 8, 16], which is the order of the values
    values = np.stack(halves).reshape(8, blocks, 16).transpose(1, 0, 2).reshape(-1)[:count]
    dropped = round(p * 65536)
    return torch.from_numpy(np.where(values < dropped, 0.0, 65536.0 / (65536.0 - dropped)))


class Masks:
    """Masks in the order in which a forward pass draws them."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.draws = 0

    def dropout(self, x: Tensor, p: float) -> Tensor:
        """On a packed tensor as a whole; p = 0 draws nothing."""
        if p == 0:
            return x
        parts = range(-(-x.numel() // DROPOUT_PART))
        counts = [min(DROPOUT_PART, x.numel() - part * DROPOUT_PART) for part in parts]
        values = torch.cat([mask(self.seed, self.draws, part, p, count) for part, count in zip(parts, counts)])
        self.draws += 1
        return x * values.view(x.shape).to(x.dtype)

    def attention(self, p: float) -> "AttentionMasks":
        draw = self.draws
        self.draws += 1 if p > 0 else 0
        return AttentionMasks(self.seed, draw, p)


class AttentionMasks:
    """One draw for the weights of a layer; each (sequence, head) is a part."""

    def __init__(self, seed: int, draw: int, p: float) -> None:
        self.seed, self.draw, self.p = seed, draw, p

    def apply(self, weights: Tensor, sequence: int) -> Tensor:
        """weights is [heads, L, L]."""
        if self.p == 0:
            return weights
        heads, length, _ = weights.shape
        masks = [mask(self.seed, self.draw, sequence * heads + head, self.p, length * length) for head in range(heads)]
        return weights * torch.stack(masks).view(heads, length, length).to(weights.dtype)
