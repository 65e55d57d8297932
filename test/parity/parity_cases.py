"""What is compared: model shapes, batches and optimizer settings. Everything random here comes from `random.Random`."""

import random
from dataclasses import dataclass, replace

from model_shape import ModelShape
from packed_batch import PackedBatch, Span

CLS_ID, SEP_ID, FIRST_WORD_ID = 2, 3, 4
STEPS = 50


@dataclass(frozen=True)
class Training:
    """AdamW for `STEPS` steps; step n sees batch n mod len(batches)."""

    batches: list[PackedBatch]
    peak_learning_rate: float
    weight_decay: float = 0.01
    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8
    max_grad_norm: float = 0.0  # 0: not clipped
    decay_all: bool = True
    warmup_steps: int = 0

    def learning_rates(self) -> list[float]:
        """Linear warm-up to the peak, then constant."""
        return [self.peak_learning_rate * min(1.0, (step + 1) / max(1, self.warmup_steps)) for step in range(STEPS)]

    def optimizer_json(self) -> dict:
        return {
            "weightDecay": self.weight_decay,
            "beta1": self.beta1,
            "beta2": self.beta2,
            "eps": self.eps,
            "maxGradNorm": self.max_grad_norm,
            "decayAll": self.decay_all,
        }


@dataclass(frozen=True)
class ParityCase:
    name: str
    about: str
    shape: ModelShape
    seed: int
    batch: PackedBatch
    training: Training | None = None
    head_scale: float = 1.0
    gold_above: float | None = None  # cells which the initial weights score above this are gold too


def random_batch(
    shape: ModelShape,
    seed: int,
    lengths: list[int],
    gold_share: float = 0.0,
    gold_per_sequence: int = 2,
    with_token_types: bool = False,
    same_cell: bool = False,
) -> PackedBatch:
    """Sequences [CLS] words [SEP] of the given lengths.

    Gold spans: each word-to-word cell with probability `gold_share`, or `gold_per_sequence` cells when that is 0. With
    `same_cell` the first span of each sequence carries every type at once.
    """
    source = random.Random(seed)
    sequences = [
        [CLS_ID, *(source.randrange(FIRST_WORD_ID, shape.vocab_size) for _ in range(length - 2)), SEP_ID]
        for length in lengths
    ]
    token_types = None
    if with_token_types:
        token_types = [[source.randrange(shape.type_vocab_size) for _ in sequence] for sequence in sequences]
    gold: set[tuple[int, int, int, int]] = set()
    for sequence, length in enumerate(lengths):
        cells = [(start, end) for start in range(1, length - 1) for end in range(start, length - 1)]
        if gold_share > 0:
            for entity_type in range(shape.entity_type_count):
                gold.update((sequence, entity_type, *cell) for cell in cells if source.random() < gold_share)
            continue
        chosen = source.sample(cells, min(gold_per_sequence, len(cells)))
        for index, cell in enumerate(chosen):
            every_type = range(shape.entity_type_count)
            for entity_type in every_type if same_cell and index == 0 else [source.choice(every_type)]:
                gold.add((sequence, entity_type, *cell))
    return PackedBatch(sequences, token_types, [Span(*span) for span in sorted(gold)])


NARROW = ModelShape(
    vocab_size=60,
    hidden_size=32,
    num_hidden_layers=1,
    num_attention_heads=2,
    intermediate_size=64,
    max_position_embeddings=24,
    entity_type_count=2,
    head_size=8,
)
LONG = ModelShape(
    vocab_size=50,
    hidden_size=48,
    num_hidden_layers=2,
    num_attention_heads=4,
    intermediate_size=80,
    max_position_embeddings=90,
    entity_type_count=2,
    head_size=16,
    layer_norm_eps=1e-7,
    hidden_act="gelu_new",
)
DEEP = ModelShape(
    vocab_size=50,
    hidden_size=56,
    num_hidden_layers=3,
    num_attention_heads=4,
    intermediate_size=72,
    max_position_embeddings=40,
    entity_type_count=4,
    head_size=8,
    type_vocab_size=1,
    hidden_act="relu",
    mask_special_tokens=True,
)


def parity_cases() -> list[ParityCase]:
    narrow_plain = replace(NARROW, rope=False, mask_special_tokens=True)
    narrow_wide_head = replace(NARROW, head_size=64)
    long_plain = replace(LONG, rope=False, num_hidden_layers=1)
    return [
        ParityCase(
            name="narrow",
            about="1 x 32, RoPE, [CLS] and [SEP] scored; lengths from 2 to the longest the model takes",
            shape=NARROW,
            seed=1,
            batch=random_batch(NARROW, 11, [7, 2, 24, 13], with_token_types=True),
            training=Training(
                batches=[
                    random_batch(NARROW, 12, [9, 2, 16], with_token_types=True),
                    random_batch(NARROW, 13, [24, 5]),
                    random_batch(NARROW, 14, [3, 11, 8, 6]),
                ],
                peak_learning_rate=1e-3,
                max_grad_norm=1.0,
                warmup_steps=10,
            ),
        ),
        ParityCase(
            name="narrow-without-rope",
            about="no RoPE, [CLS] and [SEP] masked; [CLS][SEP] alone has no valid cell",
            shape=narrow_plain,
            seed=2,
            batch=random_batch(narrow_plain, 21, [2, 12, 3, 19], same_cell=True),
        ),
        ParityCase(
            name="no-gold",
            about="no gold span in the whole batch, RoPE, [CLS] and [SEP] masked",
            shape=replace(NARROW, mask_special_tokens=True),
            seed=3,
            batch=random_batch(NARROW, 31, [10, 4, 17], gold_per_sequence=0),
        ),
        ParityCase(
            name="large-scores",
            about="head size 64, scores of several tens; most high ones are gold, so that a loss which subtracts the "
            "positives from the sum over all cells loses its digits in float32; one gold span from [CLS] to [SEP]",
            shape=narrow_wide_head,
            seed=4,
            batch=with_whole_sequence_span(random_batch(narrow_wide_head, 41, [6, 15, 2, 9], same_cell=True)),
            head_scale=3.0,
            gold_above=5.0,
        ),
        ParityCase(
            name="long",
            about="2 x 48, gelu_new, epsilon 1e-7, RoPE; a sequence of 90 tokens beside short ones, segment ids",
            shape=LONG,
            seed=5,
            batch=random_batch(LONG, 51, [5, 90, 2, 31], gold_per_sequence=4, with_token_types=True, same_cell=True),
            training=Training(
                batches=[
                    random_batch(LONG, 52, [12, 66, 4], gold_per_sequence=3),
                    random_batch(LONG, 53, [20, 2, 9, 17], gold_per_sequence=3, with_token_types=True),
                ],
                peak_learning_rate=5e-4,
                decay_all=False,
                warmup_steps=5,
            ),
        ),
        ParityCase(
            name="many-gold",
            about="1 x 48, no RoPE; about 40% of all cells are gold, in every type",
            shape=long_plain,
            seed=6,
            batch=random_batch(long_plain, 61, [18, 3, 67], gold_share=0.4),
        ),
        ParityCase(
            name="deep",
            about="3 x 56 (14 a head), relu, one segment type, RoPE, [CLS] and [SEP] masked; one cell of each "
            "sequence is gold for all four types",
            shape=DEEP,
            seed=7,
            batch=random_batch(DEEP, 71, [16, 2, 40, 9, 3], gold_per_sequence=3, same_cell=True),
            training=Training(
                batches=[
                    random_batch(DEEP, 72, [14, 25, 2], gold_per_sequence=3, same_cell=True),
                    random_batch(DEEP, 73, [8, 10, 12, 6], gold_per_sequence=3),
                ],
                peak_learning_rate=1e-3,
                max_grad_norm=0.5,
                decay_all=False,
            ),
        ),
        *other_heads(),
    ]


def other_heads() -> list[ParityCase]:
    efficient = replace(NARROW, head_type="efficient-global-pointer", entity_type_count=3)
    from_hidden = replace(efficient, bias_input="hidden", rope=False, mask_special_tokens=True)
    tplinker = replace(NARROW, head_type="tplinker", rope=False, entity_type_count=3)

    def training(shape: ModelShape, seed: int) -> Training:
        batches = [random_batch(shape, seed, [9, 2, 16]), random_batch(shape, seed + 1, [24, 5, 7, 11])]
        return Training(batches=batches, peak_learning_rate=1e-3, max_grad_norm=1.0, warmup_steps=10)

    return [
        ParityCase(
            name="efficient",
            about="Efficient GlobalPointer, biases from the projection, RoPE, [CLS] and [SEP] scored",
            shape=efficient,
            seed=21,
            batch=random_batch(efficient, 211, [7, 2, 24, 13], with_token_types=True),
            training=training(efficient, 212),
        ),
        ParityCase(
            name="efficient-from-hidden",
            about="Efficient GlobalPointer, biases from the hidden states, no RoPE, [CLS] and [SEP] masked",
            shape=from_hidden,
            seed=22,
            batch=random_batch(from_hidden, 221, [2, 12, 3, 19], same_cell=True),
            training=training(from_hidden, 222),
        ),
        ParityCase(
            name="efficient-long",
            about="Efficient GlobalPointer on sequences of more than one tile of rows",
            shape=replace(LONG, head_type="efficient-global-pointer", num_hidden_layers=1),
            seed=23,
            batch=random_batch(LONG, 231, [90, 66, 5], gold_per_sequence=5),
        ),
        ParityCase(
            name="tplinker",
            about="TPLinker's additive scores, [CLS] and [SEP] scored",
            shape=tplinker,
            seed=24,
            batch=random_batch(tplinker, 241, [7, 2, 24, 13], with_token_types=True),
            training=training(tplinker, 242),
        ),
        ParityCase(
            name="tplinker-long",
            about="TPLinker's additive scores on sequences of more than one tile of rows, [CLS] and [SEP] masked",
            shape=replace(LONG, head_type="tplinker", rope=False, num_hidden_layers=1, mask_special_tokens=True),
            seed=25,
            batch=random_batch(LONG, 251, [90, 66, 5], gold_per_sequence=5),
        ),
    ]


def with_whole_sequence_span(batch: PackedBatch) -> PackedBatch:
    """Adds type 0 over the first sequence, [CLS] and [SEP] included: a cell like any other while nothing is masked."""
    return replace(batch, gold=[Span(0, 0, 0, batch.lengths[0] - 1), *batch.gold])
