"""Writes test/fixtures/dropout/: training with dropout, with R-Drop, and with smoothed labels, in float64.

The masks are those of the native engine (philox_masks.py), everything else is plain PyTorch. Each case is computed in
float32 too and compared.
"""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from dropout_model import hidden_states, span_scores
from fixture_files import fixture_folder, write_json, write_safetensors
from model_shape import ModelShape, random_weights
from packed_batch import PackedBatch
from parity_cases import random_batch
from philox_masks import Masks
from write_parity import batch_loss

SEED = 2333
STEPS = 12
LEARNING_RATE = 1e-3
ADAM_EPS = 1e-4  # the key bias of attention has no gradient but rounding, which Adam would blow up to whole steps
SHAPE = ModelShape(
    vocab_size=60,
    hidden_size=32,
    num_hidden_layers=2,
    num_attention_heads=2,
    intermediate_size=64,
    max_position_embeddings=24,
    entity_type_count=2,
    head_size=8,
)
BATCHES = [random_batch(SHAPE, 41, [9, 4, 16]), random_batch(SHAPE, 42, [24, 5, 7, 2]), random_batch(SHAPE, 43, [3])]


@dataclass(frozen=True)
class Case:
    name: str
    dropout: float = 0.0
    r_drop: float = 0.0
    label_smoothing: float = 0.0


CASES = [
    Case("plain", dropout=0.1),
    Case("r-drop", dropout=0.1, r_drop=0.5),
    Case("label-smoothing", label_smoothing=0.2),
    Case("all", dropout=0.2, r_drop=1.0, label_smoothing=0.1),
]


@dataclass(frozen=True)
class Run:
    losses: list[float]
    gradient_norms: list[float]
    weights: dict[str, Tensor]


def main() -> None:
    torch.set_num_threads(1)
    weights = random_weights(SHAPE, 31)
    check_against_transformers(weights)
    with fixture_folder("dropout") as folder:
        write_safetensors(folder / "model.safetensors", weights)
        for case in CASES:
            write_case(folder / case.name, case, weights)


def check_against_transformers(weights: dict[str, Tensor]) -> None:
    model = SHAPE.build()
    model.load_state_dict(weights)
    model = model.double()
    double = {name: tensor.double() for name, tensor in weights.items()}
    for batch in BATCHES:
        expected = batch_loss(model, batch, False)[0].item()
        found = case_loss(Case("plain"), double, batch, Masks(SEED)).item()
        assert abs(expected - found) < 1e-12, f"written out {found}, transformers {expected}"


def write_case(folder: Path, case: Case, weights: dict[str, Tensor]) -> None:
    truth = train(case, weights, torch.float64)
    single = train(case, weights, torch.float32)
    loss = max(abs(a - b) / a for a, b in zip(truth.losses, single.losses, strict=True))
    weight = max((truth.weights[name] - single.weights[name]).abs().max().item() for name in weights)
    within = f"losses {loss:.1e} rel., weights {weight:.1e}"
    print(f"{case.name}: {truth.losses[0]:.4f} -> {truth.losses[-1]:.4f}; float32 within: {within}")
    assert loss < 5e-6 and weight < 5e-5, f"{case.name}: float32 strays"
    folder.mkdir()
    write_safetensors(folder / "expected.safetensors", {name: tensor.float() for name, tensor in truth.weights.items()})
    record = {
        "name": case.name,
        "shape": SHAPE.to_json() | {"hiddenDropoutProb": case.dropout, "attentionProbsDropoutProb": case.dropout},
        "seed": SEED,
        "rDrop": case.r_drop,
        "labelSmoothing": case.label_smoothing,
        "learningRate": LEARNING_RATE,
        "optimizer": {
            "weightDecay": 0.01,
            "beta1": 0.9,
            "beta2": 0.999,
            "eps": ADAM_EPS,
            "maxGradNorm": 0,
            "decayAll": True,
        },
        "batches": [batch.to_json() for batch in BATCHES],
        "losses": truth.losses,
        "gradientNorms": truth.gradient_norms,
    }
    write_json(folder / "case.json", record)


def train(case: Case, initial: dict[str, Tensor], dtype: torch.dtype) -> Run:
    weights = {name: tensor.to(dtype).clone().requires_grad_() for name, tensor in initial.items()}
    # Biases and LayerNorm decay too; gradients are not clipped. Token 0, the padding, is in no batch.
    optimizer = torch.optim.AdamW(weights.values(), lr=LEARNING_RATE, weight_decay=0.01, eps=ADAM_EPS)
    masks = Masks(SEED)
    losses, norms = [], []
    for step in range(STEPS):
        loss = case_loss(case, weights, BATCHES[step % len(BATCHES)], masks)
        optimizer.zero_grad()
        loss.backward()
        norms.append(torch.stack([weight.grad.norm() for weight in weights.values()]).norm().item())
        losses.append(loss.item())
        optimizer.step()
    return Run(losses, norms, {name: weight.detach() for name, weight in weights.items()})


def case_loss(case: Case, weights: dict[str, Tensor], batch: PackedBatch, masks: Masks) -> Tensor:
    passes = 2 if case.r_drop > 0 else 1
    repeated = PackedBatch(batch.sequences * passes)
    hidden = hidden_states(weights, SHAPE, repeated, case.dropout, masks)
    scores = span_scores(weights, SHAPE, hidden, repeated.lengths)
    count = len(batch.sequences)
    targets = [smoothed_targets(batch, sequence, case.label_smoothing) for sequence in range(count)]
    losses = [soft_loss(scores[i], targets[i % count]) for i in range(passes * count)]
    loss = torch.stack(losses).mean()
    if case.r_drop > 0:
        apart = [divergence(scores[i], scores[i + count]) for i in range(count)]
        loss = loss + case.r_drop * torch.stack(apart).mean()
    return loss


def smoothed_targets(batch: PackedBatch, sequence: int, epsilon: float) -> Tensor:
    """[types, L, L]: boundary smoothing by one token (Zhu and Li 2022), a quarter of epsilon to each neighbour."""
    length = batch.lengths[sequence]
    targets = torch.zeros(SHAPE.entity_type_count, length, length, dtype=torch.float64)
    for span in batch.gold:
        if span.sequence != sequence:
            continue
        own = 1.0
        for start, end in ((-1, 0), (1, 0), (0, -1), (0, 1)):
            start, end = span.start + start, span.end + end
            if 1 <= start <= end <= length - 2:
                targets[span.entity_type, start, end] += epsilon / 4
                own -= epsilon / 4
        targets[span.entity_type, span.start, span.end] += own
    return targets.clamp(max=1.0)


def soft_loss(scores: Tensor, targets: Tensor) -> Tensor:
    """[types] log(1 + sum (1 - t) e^s) + log(1 + sum t e^-s) over the upper triangle (Su, kexue.fm 9064), mean."""
    length = scores.shape[-1]
    upper = torch.ones(length, length, dtype=torch.bool).triu()
    values, t = scores[:, upper], targets[:, upper].to(scores.dtype)
    one = torch.zeros_like(values[:, :1])
    negative = torch.where(t < 1, values + torch.where(t < 1, 1 - t, 1.0).log(), -torch.inf)
    positive = torch.where(t > 0, -values + torch.where(t > 0, t, 1.0).log(), -torch.inf)
    return (torch.cat([one, negative], 1).logsumexp(1) + torch.cat([one, positive], 1).logsumexp(1)).mean()


def divergence(one: Tensor, other: Tensor) -> Tensor:
    """Half the symmetric Kullback-Leibler divergence of Bernoulli distributions, summed over spans; mean over types."""
    p, q = one.sigmoid(), other.sigmoid()
    return (0.5 * (p - q) * (one - other)).triu().sum(dim=(1, 2)).mean()


if __name__ == "__main__":
    main()
