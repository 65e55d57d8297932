"""What a training step may do besides AdamW, a case each: the same model, the same batches."""

from dataclasses import dataclass, field, replace

from model_shape import ModelShape
from packed_batch import PackedBatch, Span
from parity_cases import random_batch

STEPS = 18
SEED = 3

SHAPE = ModelShape(
    vocab_size=40,
    hidden_size=16,
    num_hidden_layers=3,
    num_attention_heads=2,
    intermediate_size=24,
    max_position_embeddings=16,
    entity_type_count=3,
    head_size=4,
    mask_special_tokens=True,
)

BATCHES = [
    random_batch(SHAPE, 101, [9, 4, 13]),
    random_batch(SHAPE, 102, [16, 5], with_token_types=True),
    random_batch(SHAPE, 103, [3, 11, 8, 6]),
    random_batch(SHAPE, 104, [7]),
]


@dataclass(frozen=True)
class Perturbation:
    """Ascents of L2 norm `alpha` on the word embeddings, within a ball of radius `epsilon`."""

    epsilon: float
    alpha: float
    steps: int


@dataclass(frozen=True)
class StepCase:
    name: str
    about: str
    layer_decay: float = 1.0
    frozen_embeddings: bool = False
    frozen_layers: int = 0
    average_decay: float | None = None
    perturbation: Perturbation | None = None
    # The batches of each step, by their places in BATCHES; the last step of an epoch may have fewer.
    steps: list[list[int]] = field(default_factory=lambda: [[step % len(BATCHES)] for step in range(STEPS)])
    learning_rate: float = 4e-3
    head_learning_rate: float = 4e-3
    warmup_steps: int = 4
    weight_decay: float = 0.05
    eps: float = 1e-5  # damps the key bias of attention, whose gradient is nothing but rounding
    max_grad_norm: float = 2.0

    def learning_rates(self) -> list[tuple[float, float]]:
        """Encoder and head; linear warm-up, then constant."""
        factors = [min(1.0, (step + 1) / self.warmup_steps) for step in range(STEPS)]
        return [(self.learning_rate * factor, self.head_learning_rate * factor) for factor in factors]

    def optimizer_json(self) -> dict:
        return {
            "weightDecay": self.weight_decay,
            "beta1": 0.9,
            "beta2": 0.999,
            "eps": self.eps,
            "maxGradNorm": self.max_grad_norm,
            "decayAll": False,
        }

    def step_json(self) -> dict:
        """`StepOptions` of lib/model/native.ts."""
        options: dict = {
            "layerDecay": self.layer_decay,
            "frozenEmbeddings": self.frozen_embeddings,
            "frozenLayers": self.frozen_layers,
        }
        if self.average_decay is not None:
            options["averageDecay"] = self.average_decay
        if self.perturbation is not None:
            options["adversarial"] = {
                "epsilon": self.perturbation.epsilon,
                "alpha": self.perturbation.alpha,
                "steps": self.perturbation.steps,
            }
        return options


def union(batches: list[PackedBatch]) -> PackedBatch:
    """One batch of all their sequences."""
    sequences: list[list[int]] = []
    token_types: list[list[int]] = []
    gold: list[Span] = []
    for batch in batches:
        gold.extend(replace(span, sequence=span.sequence + len(sequences)) for span in batch.gold)
        sequences.extend(batch.sequences)
        token_types.extend(batch.token_types or [[0] * length for length in batch.lengths])
    return PackedBatch(sequences, token_types, gold)


UNEVEN = [[[0, 1], [2, 3], [1]][step % 3] for step in range(STEPS)]


def step_cases() -> list[StepCase]:
    return [
        StepCase(
            name="layer-decay",
            about="layer l of 3 learns at 0.7^(2 - l) times the encoder's rate, embeddings at 0.7^3, the head at its own",
            layer_decay=0.7,
            head_learning_rate=8e-3,
        ),
        StepCase(name="frozen-embeddings", about="embeddings stay; the norm is without them", frozen_embeddings=True),
        StepCase(name="frozen-layers", about="embeddings and two of three layers stay", frozen_layers=2),
        StepCase(
            name="accumulation",
            about="two batches a step, every third step one; the truth is a single batch of their union",
            steps=UNEVEN,
        ),
        StepCase(
            name="ema",
            about="average with warm-up, the decay of 0.6 reached in step 13; the final weights are the averaged ones",
            average_decay=0.6,
        ),
        StepCase(
            name="fgm",
            about="the fast gradient method: one ascent as long as the radius",
            perturbation=Perturbation(epsilon=4.0, alpha=4.0, steps=1),
        ),
        StepCase(
            name="pgd",
            about="three ascents of 1.5, projected onto the ball of radius 2.5",
            perturbation=Perturbation(epsilon=2.5, alpha=1.5, steps=3),
        ),
        StepCase(
            name="combined",
            about="layer decay, a head rate, uneven accumulation, average and two ascents, clipped",
            layer_decay=0.8,
            head_learning_rate=6e-3,
            steps=UNEVEN,
            average_decay=0.9,
            perturbation=Perturbation(epsilon=3.0, alpha=2.0, steps=2),
            max_grad_norm=1.0,
        ),
    ]
