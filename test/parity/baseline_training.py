"""What the plain PyTorch baselines share: GlobalPointer on BERT, padded batches, dense labels and scores.

Unless the settings say otherwise: random weights, BERT of 2 layers x 128 (2 heads of 64, feed-forward 512, dropout
0.1, transformers' default attention), head size 64 with RoPE; spans over [CLS] and [SEP] are scored in training and
never count as predictions. AdamW with weight decay 0.01 on everything, learning rate 1e-3 with linear warm-up over
the first tenth of the steps, then linear decay to 0, gradient norm clipped at 1, lower-cased text. Batches are drawn
at random, not by length; texts are cut at the maximum length, and entities beyond count as missed. Batch size,
maximum length and epochs are a corpus's own.

Prints one JSON object an epoch. `f1` is strict micro F1 against the raw character spans of the dev set, `seconds` is
the training part of the epoch alone, `tokens` counts tokens (with [CLS] and [SEP]) without padding.
"""

import argparse
import json
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from transformers import BertConfig, BertModel, BertTokenizerFast

from global_pointer import GlobalPointer, span_loss, valid_cells
from packed_batch import PackedBatch, Span

CharacterSpan = tuple[str, int, int]  # type, start, end; end exclusive


@dataclass(frozen=True)
class Settings:
    batch_size: int
    max_length: int  # tokens, [CLS] and [SEP] included
    hidden_size: int = 128
    layers: int = 2
    attention_heads: int = 2
    dropout: float = 0.1
    head_size: int = 64
    learning_rate: float = 1e-3
    warmup_share: float = 0.1
    warmup_from_zero: bool = False  # the first step has rate 0, as in lib/training/schedule.ts
    weight_decay: float = 0.01
    max_grad_norm: float = 1.0
    seed: int = 2333
    pretrained: Path | None = None  # a BERT directory, whose sizes and dropout stand for those above
    head_learning_rate: float | None = None  # None: as the encoder's
    decay_all: bool = True  # also biases and LayerNorm


@dataclass(frozen=True)
class Sentence:
    input_ids: list[int]
    offsets: list[tuple[int, int]]  # characters of each token; (0, 0) for [CLS] and [SEP]
    gold: set[CharacterSpan]


Predictions = list[set[CharacterSpan]]  # of each sentence
GoldOf = Callable[[dict], set[CharacterSpan]]  # the entities of a record of the data file
Score = Callable[[list[Sentence], Predictions], dict[str, float]]  # fields of the printed record


def parse_arguments(corpus: str, vocab: str | None, epochs: int) -> argparse.Namespace:
    """@param vocab: whose vocabulary the user has to name; None where the encoder brings it"""
    parser = argparse.ArgumentParser(description=f"Plain PyTorch baseline on {corpus}.")
    parser.add_argument("--train", type=Path, required=True, help=f"{corpus} JSONL")
    parser.add_argument("--dev", type=Path, required=True, help=f"{corpus} JSONL")
    if vocab is not None:
        parser.add_argument("--vocab", type=Path, required=True, help=f"vocab.txt of {vocab}")
    parser.add_argument("--epochs", type=int, default=epochs)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=Settings.seed)
    parser.add_argument("--limit", type=int, help="only the first N sentences of each file")
    return parser.parse_args()


def strict_scores(sentences: list[Sentence], predictions: Predictions) -> dict[str, float]:
    """Micro precision, recall and F1; a prediction counts where type, start and end are those of a gold entity."""
    found = sum(len(spans) for spans in predictions)
    expected = sum(len(sentence.gold) for sentence in sentences)
    correct = sum(len(spans & sentence.gold) for sentence, spans in zip(sentences, predictions, strict=True))
    precision, recall = correct / max(1, found), correct / max(1, expected)
    f1 = 2 * correct / max(1, found + expected)
    return {"precision": round(precision, 5), "recall": round(recall, 5), "f1": round(f1, 5)}


def run(arguments: argparse.Namespace, settings: Settings, gold_of: GoldOf, score: Score = strict_scores) -> None:
    """Trains, and prints the record of each epoch."""
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(settings.seed)
    vocab = arguments.vocab if settings.pretrained is None else settings.pretrained / "vocab.txt"
    tokenizer = BertTokenizerFast(vocab=str(vocab), do_lower_case=True)
    train = read_sentences(arguments.train, gold_of, tokenizer, settings.max_length, arguments.limit)
    dev = read_sentences(arguments.dev, gold_of, tokenizer, settings.max_length, arguments.limit)
    types = sorted({entity_type for sentence in train for entity_type, _, _ in sentence.gold})
    training = Training(settings, len(tokenizer), types, steps=arguments.epochs * -(-len(train) // settings.batch_size))
    tokens = sum(len(sentence.input_ids) for sentence in train)
    for epoch in range(1, arguments.epochs + 1):
        started = time.perf_counter()
        loss = training.epoch(train)
        seconds = time.perf_counter() - started
        record = {
            "epoch": epoch,
            "loss": round(loss, 5),
            **score(dev, training.predict(dev)),
            "seconds": round(seconds, 2),
            "tokens": tokens,
            "tokens_per_second": round(tokens / seconds, 1),
        }
        print(json.dumps(record), flush=True)


def read_sentences(
    path: Path, gold_of: GoldOf, tokenizer: BertTokenizerFast, max_length: int, limit: int | None
) -> list[Sentence]:
    """Records have their text as `text`."""
    with path.open(encoding="utf-8") as lines:
        records = [json.loads(line) for line in lines if line.strip()][:limit]
    encoded = tokenizer(
        [record["text"] for record in records],
        return_offsets_mapping=True,
        truncation=True,
        max_length=max_length,
    )
    return [
        Sentence(input_ids, offsets, gold_of(record))
        for record, input_ids, offsets in zip(records, encoded["input_ids"], encoded["offset_mapping"], strict=True)
    ]


class Training:
    """A model, its optimizer, and the order in which sentences are drawn."""

    def __init__(self, settings: Settings, vocab_size: int, types: list[str], steps: int) -> None:
        self.settings = settings
        self.types = types
        self.model = build_model(settings, vocab_size, len(types))
        self.optimizer = torch.optim.AdamW(parameter_groups(self.model, settings))
        warmup = max(1, round(settings.warmup_share * steps))
        self.schedule = torch.optim.lr_scheduler.LambdaLR(
            self.optimizer, lambda step: learning_rate_factor(step, steps, warmup, settings.warmup_from_zero)
        )
        self.order = random.Random(settings.seed)

    def epoch(self, sentences: list[Sentence]) -> float:
        """Mean loss over the sentences."""
        self.model.train()
        shuffled = self.order.sample(sentences, len(sentences))
        total = 0.0
        for chosen in batches(shuffled, self.settings.batch_size):
            total += self.step(chosen) * len(chosen)
        return total / len(sentences)

    def step(self, chosen: list[Sentence]) -> float:
        """The loss before the step."""
        batch = PackedBatch([sentence.input_ids for sentence in chosen], gold=token_spans(chosen, self.types))
        input_ids, attention_mask, _ = batch.padded()
        scores = self.model.scores(self.model.hidden(input_ids, attention_mask))
        valid = valid_cells(attention_mask, mask_special_tokens=False)
        loss = span_loss(scores, batch.gold_cells(len(self.types)), valid)
        self.optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.settings.max_grad_norm)
        self.optimizer.step()
        self.schedule.step()
        return loss.item()

    def predict(self, sentences: list[Sentence]) -> Predictions:
        self.model.eval()
        predictions: Predictions = []
        for chosen in batches(sentences, self.settings.batch_size):
            input_ids, attention_mask, _ = PackedBatch([sentence.input_ids for sentence in chosen]).padded()
            with torch.no_grad():
                scores = self.model.scores(self.model.hidden(input_ids, attention_mask))
            hits = (scores > 0) & valid_cells(attention_mask, mask_special_tokens=True)[:, None]
            predicted: Predictions = [set() for _ in chosen]
            for sequence, entity_type, first, last in hits.nonzero().tolist():
                offsets = chosen[sequence].offsets
                predicted[sequence].add((self.types[entity_type], offsets[first][0], offsets[last][1]))
            predictions.extend(predicted)
        return predictions


def parameter_groups(model: GlobalPointer, settings: Settings) -> list[dict]:
    """Encoder and head, each with and without weight decay; empty groups are left out."""
    groups: dict[tuple[bool, bool], list[torch.nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        exempt = not settings.decay_all and (name.endswith("bias") or "LayerNorm" in name)
        groups.setdefault((name.startswith("encoder."), exempt), []).append(parameter)
    head_rate = settings.learning_rate if settings.head_learning_rate is None else settings.head_learning_rate
    return [
        {
            "params": parameters,
            "lr": settings.learning_rate if encoder else head_rate,
            "weight_decay": 0.0 if exempt else settings.weight_decay,
        }
        for (encoder, exempt), parameters in groups.items()
    ]


def build_model(settings: Settings, vocab_size: int, entity_type_count: int) -> GlobalPointer:
    if settings.pretrained is not None:
        config = BertConfig.from_pretrained(settings.pretrained)
        model = GlobalPointer(config, entity_type_count, settings.head_size, rope=True)
        encoder = BertModel.from_pretrained(settings.pretrained, add_pooling_layer=False)
        model.encoder.load_state_dict(encoder.state_dict())
        return model
    config = BertConfig(
        vocab_size=vocab_size,
        hidden_size=settings.hidden_size,
        num_hidden_layers=settings.layers,
        num_attention_heads=settings.attention_heads,
        intermediate_size=4 * settings.hidden_size,
        max_position_embeddings=settings.max_length,
        hidden_dropout_prob=settings.dropout,
        attention_probs_dropout_prob=settings.dropout,
    )
    return GlobalPointer(config, entity_type_count, settings.head_size, rope=True)


def learning_rate_factor(step: int, steps: int, warmup: int, from_zero: bool) -> float:
    if step < warmup:
        return (step if from_zero else step + 1) / warmup
    return (steps - step) / max(1, steps - warmup)


def batches(sentences: list[Sentence], size: int) -> list[list[Sentence]]:
    return [sentences[start : start + size] for start in range(0, len(sentences), size)]


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
