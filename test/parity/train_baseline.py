"""The plain PyTorch baseline: GlobalPointer on CLUENER from random weights, padded batches, dense labels and scores.

BERT of 2 layers x 128 (2 heads of 64, feed-forward 512, dropout 0.1, transformers' default attention), head size 64
with RoPE; spans over [CLS] and [SEP] are scored in training and never count as predictions. AdamW with weight decay
0.01 on everything, learning rate 1e-3 with linear warm-up over the first tenth of the steps, then linear decay to 0,
gradient norm clipped at 1, batch 64, lower-cased text.

Prints one JSON object an epoch. `f1` is strict micro F1 against the raw character spans of the dev set, `seconds` is
the training part of the epoch alone, `tokens` counts tokens (with [CLS] and [SEP]) without padding.
"""

import argparse
import json
import random
import time
from dataclasses import dataclass
from pathlib import Path

import torch
from transformers import BertConfig, BertTokenizerFast

from global_pointer import GlobalPointer, span_loss, valid_cells
from packed_batch import PackedBatch, Span

BATCH_SIZE = 64
HEAD_SIZE = 64
HIDDEN_SIZE = 128
LEARNING_RATE = 1e-3
MAX_GRAD_NORM = 1.0
MAX_LENGTH = 128
SEED = 2333
WARMUP_SHARE = 0.1
WEIGHT_DECAY = 0.01

CharacterSpan = tuple[str, int, int]  # type, start, end; end exclusive


@dataclass(frozen=True)
class Sentence:
    input_ids: list[int]
    offsets: list[tuple[int, int]]  # characters of each token; (0, 0) for [CLS] and [SEP]
    gold: set[CharacterSpan]


def main() -> None:
    arguments = parse_arguments()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(SEED)
    tokenizer = BertTokenizerFast(vocab=str(arguments.vocab), do_lower_case=True)
    train = read_sentences(arguments.train, tokenizer, arguments.limit)
    dev = read_sentences(arguments.dev, tokenizer, arguments.limit)
    types = sorted({entity_type for sentence in train for entity_type, _, _ in sentence.gold})
    model = build_model(len(tokenizer), len(types))
    optimizer = torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    steps = arguments.epochs * -(-len(train) // BATCH_SIZE)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: learning_rate_factor(step, steps))
    order = random.Random(SEED)
    tokens = sum(len(sentence.input_ids) for sentence in train)
    for epoch in range(1, arguments.epochs + 1):
        started = time.perf_counter()
        loss = train_epoch(model, optimizer, schedule, train, types, order)
        seconds = time.perf_counter() - started
        scores = evaluate(model, dev, types)
        record = {
            "epoch": epoch,
            "loss": round(loss, 5),
            **scores,
            "seconds": round(seconds, 2),
            "tokens": tokens,
            "tokens_per_second": round(tokens / seconds, 1),
        }
        print(json.dumps(record), flush=True)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Plain PyTorch baseline on CLUENER from random weights.")
    parser.add_argument("--train", type=Path, required=True, help="CLUENER JSONL")
    parser.add_argument("--dev", type=Path, required=True, help="CLUENER JSONL")
    parser.add_argument("--vocab", type=Path, required=True, help="vocab.txt of bert-base-chinese")
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--limit", type=int, help="only the first N sentences of each file")
    return parser.parse_args()


def read_sentences(path: Path, tokenizer: BertTokenizerFast, limit: int | None) -> list[Sentence]:
    records = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()][:limit]
    encoded = tokenizer(
        [record["text"] for record in records],
        return_offsets_mapping=True,
        truncation=True,
        max_length=MAX_LENGTH,
    )
    sentences = []
    for index, record in enumerate(records):
        gold = {
            (entity_type, start, end + 1)
            for entity_type, mentions in record["label"].items()
            for spans in mentions.values()
            for start, end in spans
        }
        sentences.append(Sentence(encoded["input_ids"][index], encoded["offset_mapping"][index], gold))
    return sentences


def build_model(vocab_size: int, entity_type_count: int) -> GlobalPointer:
    config = BertConfig(
        vocab_size=vocab_size,
        hidden_size=HIDDEN_SIZE,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=4 * HIDDEN_SIZE,
        max_position_embeddings=MAX_LENGTH,
        hidden_dropout_prob=0.1,
        attention_probs_dropout_prob=0.1,
    )
    return GlobalPointer(config, entity_type_count, HEAD_SIZE, rope=True)


def learning_rate_factor(step: int, steps: int) -> float:
    warmup = max(1, round(WARMUP_SHARE * steps))
    if step < warmup:
        return (step + 1) / warmup
    return (steps - step) / max(1, steps - warmup)


def train_epoch(
    model: GlobalPointer,
    optimizer: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.LRScheduler,
    sentences: list[Sentence],
    types: list[str],
    order: random.Random,
) -> float:
    """Mean loss over the sentences."""
    model.train()
    shuffled = order.sample(sentences, len(sentences))
    total = 0.0
    for start in range(0, len(shuffled), BATCH_SIZE):
        chosen = shuffled[start : start + BATCH_SIZE]
        batch = PackedBatch([sentence.input_ids for sentence in chosen], gold=token_spans(chosen, types))
        input_ids, attention_mask, _ = batch.padded()
        scores = model.scores(model.hidden(input_ids, attention_mask))
        valid = valid_cells(attention_mask, mask_special_tokens=False)
        loss = span_loss(scores, batch.gold_cells(len(types)), valid)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), MAX_GRAD_NORM)
        optimizer.step()
        schedule.step()
        total += loss.item() * len(chosen)
    return total / len(sentences)


def token_spans(sentences: list[Sentence], types: list[str]) -> list[Span]:
    """Gold spans whose bounds are bounds of tokens; the others cannot be learnt (but are missed in evaluation)."""
    index_of = {entity_type: index for index, entity_type in enumerate(types)}
    spans = []
    for sequence, sentence in enumerate(sentences):
        words = [(token, *offset) for token, offset in enumerate(sentence.offsets) if offset[0] < offset[1]]
        starts = {start: token for token, start, _ in words}
        ends = {end: token for token, _, end in words}
        for entity_type, start, end in sentence.gold:
            if start in starts and end in ends:
                spans.append(Span(sequence, index_of[entity_type], starts[start], ends[end]))
    return spans


def evaluate(model: GlobalPointer, sentences: list[Sentence], types: list[str]) -> dict[str, float]:
    model.eval()
    found, correct, expected = 0, 0, sum(len(sentence.gold) for sentence in sentences)
    for start in range(0, len(sentences), BATCH_SIZE):
        chosen = sentences[start : start + BATCH_SIZE]
        input_ids, attention_mask, _ = PackedBatch([sentence.input_ids for sentence in chosen]).padded()
        with torch.no_grad():
            scores = model.scores(model.hidden(input_ids, attention_mask))
        hits = (scores > 0) & valid_cells(attention_mask, mask_special_tokens=True)[:, None]
        predicted: list[set[CharacterSpan]] = [set() for _ in chosen]
        for sequence, entity_type, first, last in hits.nonzero().tolist():
            offsets = chosen[sequence].offsets
            predicted[sequence].add((types[entity_type], offsets[first][0], offsets[last][1]))
        for sentence, spans in zip(chosen, predicted, strict=True):
            found += len(spans)
            correct += len(spans & sentence.gold)
    precision, recall = correct / max(1, found), correct / max(1, expected)
    f1 = 2 * correct / max(1, found + expected)
    return {"precision": round(precision, 5), "recall": round(recall, 5), "f1": round(f1, 5)}


if __name__ == "__main__":
    main()
