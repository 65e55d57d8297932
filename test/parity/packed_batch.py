"""Batches as the native border has them (sequences end to end) and as transformers has them (padded)."""

from dataclasses import dataclass, field

import torch
from torch import Tensor

PAD_ID = 0


@dataclass(frozen=True, order=True)
class Span:
    """A cell of a sequence's score matrix: token indices, both inclusive."""

    sequence: int
    entity_type: int
    start: int
    end: int


@dataclass(frozen=True)
class PackedBatch:
    sequences: list[list[int]]  # token ids of each sequence, special tokens included
    token_types: list[list[int]] | None = None
    gold: list[Span] = field(default_factory=list)

    @property
    def lengths(self) -> list[int]:
        return [len(sequence) for sequence in self.sequences]

    def padded(self) -> tuple[Tensor, Tensor, Tensor | None]:
        """input ids, attention mask and token types (None when absent), each [B, L]."""
        token_types = None if self.token_types is None else pad(self.token_types)
        return pad(self.sequences), pad([[1] * length for length in self.lengths]), token_types

    def gold_cells(self, entity_type_count: int) -> Tensor:
        """[B, types, L, L], true at gold spans."""
        longest = max(self.lengths)
        cells = torch.zeros(len(self.sequences), entity_type_count, longest, longest, dtype=torch.bool)
        for span in self.gold:
            cells[span.sequence, span.entity_type, span.start, span.end] = True
        return cells

    def to_json(self) -> dict:
        """The fields of `PackedBatch` and, as `gold`, of `SpanTable`."""
        starts = [0]
        for length in self.lengths:
            starts.append(starts[-1] + length)
        record: dict = {"inputIds": flatten(self.sequences), "sequenceStarts": starts}
        if self.token_types is not None:
            record["tokenTypeIds"] = flatten(self.token_types)
        record["gold"] = {
            "sequence": [span.sequence for span in self.gold],
            "entityType": [span.entity_type for span in self.gold],
            "start": [span.start for span in self.gold],
            "end": [span.end for span in self.gold],
        }
        return record


def pad(rows: list[list[int]]) -> Tensor:
    longest = max(len(row) for row in rows)
    return torch.tensor([row + [PAD_ID] * (longest - len(row)) for row in rows])


def pack(padded: Tensor, lengths: list[int]) -> Tensor:
    """[B, L, ...] to [T, ...]."""
    return torch.cat([row[:length] for row, length in zip(padded, lengths, strict=True)])


def flatten(rows: list[list[int]]) -> list[int]:
    return [value for row in rows for value in row]
