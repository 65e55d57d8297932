"""From texts to entities, as it is commonly done: a tokenizer of transformers, batches in the order of the texts."""

from collections.abc import Callable
from functools import cache

from transformers import BertTokenizerFast
from workload import Workload

Spans = Callable[[list[list[int]]], list[list[int]]]  # token ids to [sequence, type, first, last]


@cache
def tokenizer_of(model: str) -> BertTokenizerFast:
    return BertTokenizerFast(vocab=f"{model}/vocab.txt", do_lower_case=True)


def tag_texts(workload: Workload, all_texts: list[str], spans: Spans) -> float:
    """Number of entities found, none of which touches [CLS] or [SEP]."""
    tokenizer = tokenizer_of(str(workload.model))
    found = 0
    for first in range(0, len(all_texts), workload.batch_size):
        texts = all_texts[first : first + workload.batch_size]
        encoded = tokenizer(texts, return_offsets_mapping=True, truncation=True, max_length=workload.max_length)
        offsets = encoded["offset_mapping"]
        entities = []
        for sequence, entity_type, start, end in spans(encoded["input_ids"]):
            if 0 < start and end < len(offsets[sequence]) - 1:
                entities.append((sequence, entity_type, offsets[sequence][start][0], offsets[sequence][end][1]))
        found += len(entities)
    return float(found)
