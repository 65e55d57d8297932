"""Writes test/fixtures/parity/: what a model of given weights scores, loses and learns, computed in float64.

Each case is computed three times: float64 with eager attention (kept), and float32 with eager and with fused attention
(compared with the first and thrown away), so that a fixture which float32 cannot reproduce is noticed here.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from fixture_files import fixture_folder, write_json, write_safetensors
from global_pointer import SpanModel, span_loss, valid_cells
from model_shape import random_weights
from packed_batch import PackedBatch, Span, pack
from parity_cases import STEPS, ParityCase, Training, parity_cases


@dataclass(frozen=True)
class Result:
    hidden: Tensor  # [T, hidden]
    scores: list[Tensor]  # per sequence [types, L, L], 0 outside the valid cells
    gradients: dict[str, Tensor]
    loss: float
    gradient_norm: float


def main() -> None:
    torch.set_num_threads(1)  # one order of summation, so one result
    with fixture_folder("parity") as folder:
        for case in parity_cases():
            write_case(folder / case.name, case)


def write_case(folder: Path, case: ParityCase) -> None:
    weights = random_weights(case.shape, case.seed, case.head_scale)
    if case.gold_above is not None:
        case = replace(case, batch=with_gold_above(case, weights, case.gold_above))
    truth = evaluate(build(case, weights, torch.float64), case.batch, case.shape.mask_special_tokens)
    curve = None if case.training is None else train(build(case, weights, torch.float64), case)
    report = [
        compare(case, truth, evaluate(build(case, weights, torch.float32, attention), case.batch, masked(case)))
        for attention in ("eager", "sdpa")
    ]
    lowest, highest = min(s.min() for s in truth.scores), max(s.max() for s in truth.scores)
    print(f"{case.name}: loss {truth.loss:.5f}, scores {lowest:.1f} to {highest:.1f}; {report[0]}")
    if curve is not None:
        single = train(build(case, weights, torch.float32, "sdpa"), case)
        apart = max(abs(a - b) for a, b in zip(curve["losses"], single["losses"], strict=True))
        print(f"  {STEPS} steps: {curve['losses'][0]:.4f} -> {curve['losses'][-1]:.4f}; float32 within {apart:.1e}")
        assert curve["losses"][-1] < 0.7 * curve["losses"][0], "the curve has to fall"
        assert apart < 2e-4, "float32 strays from float64"

    folder.mkdir()
    write_safetensors(folder / "model.safetensors", weights)
    write_safetensors(
        folder / "expected.safetensors",
        {
            "hidden": truth.hidden.float(),
            **{f"scores.{index}": scores.float() for index, scores in enumerate(truth.scores)},
            **{f"gradient.{name}": gradient.float() for name, gradient in truth.gradients.items()},
        },
    )
    record = {
        "name": case.name,
        "about": case.about,
        "shape": case.shape.to_json(),
        "batch": case.batch.to_json(),
        "expected": {"loss": truth.loss, "gradientNorm": truth.gradient_norm},
    }
    if case.training is not None and curve is not None:
        record["training"] = {
            "optimizer": case.training.optimizer_json(),
            "batches": [batch.to_json() for batch in case.training.batches],
            "learningRates": case.training.learning_rates(),
            **curve,
        }
    write_json(folder / "case.json", record)


def with_gold_above(case: ParityCase, weights: dict[str, Tensor], threshold: float) -> PackedBatch:
    result = evaluate(build(case, weights, torch.float64), case.batch, masked(case))
    found = [
        Span(sequence, *cell)
        for sequence, scores in enumerate(result.scores)
        for cell in (scores > threshold).nonzero().tolist()
    ]
    return replace(case.batch, gold=sorted({*case.batch.gold, *found}))


def masked(case: ParityCase) -> bool:
    return case.shape.mask_special_tokens


def build(case: ParityCase, weights: dict[str, Tensor], dtype: torch.dtype, attention: str = "eager") -> SpanModel:
    model = case.shape.build(attention)
    model.load_state_dict(weights)
    return model.to(dtype).train()  # dropout is 0


def batch_loss(model: SpanModel, batch: PackedBatch, mask_special_tokens: bool) -> tuple[Tensor, Tensor, Tensor]:
    """loss, hidden [B, L, hidden], scores [B, types, L, L] with 0 outside the valid cells."""
    input_ids, attention_mask, token_types = batch.padded()
    hidden = model.hidden(input_ids, attention_mask, token_types)
    scores = model.scores(hidden)
    valid = valid_cells(attention_mask, mask_special_tokens)
    loss = span_loss(scores, batch.gold_cells(model.entity_type_count), valid)
    return loss, hidden, scores.masked_fill(~valid[:, None], 0.0)


def evaluate(model: SpanModel, batch: PackedBatch, mask_special_tokens: bool) -> Result:
    loss, hidden, scores = batch_loss(model, batch, mask_special_tokens)
    loss.backward()
    gradients = {name: parameter.grad for name, parameter in model.named_parameters() if parameter.grad is not None}
    return Result(
        hidden=pack(hidden.detach(), batch.lengths),
        scores=[scores[i, :, :length, :length].detach() for i, length in enumerate(batch.lengths)],
        gradients=gradients,
        loss=loss.item(),
        gradient_norm=torch.stack([gradient.norm() for gradient in gradients.values()]).norm().item(),
    )


def compare(case: ParityCase, truth: Result, other: Result) -> str:
    """Holds a float32 run against the truth, at half of what the native side is allowed."""
    scores = max((a - b).abs().max().item() for a, b in zip(truth.scores, other.scores, strict=True))
    hidden = (truth.hidden - other.hidden).abs().max().item()
    loss = abs(truth.loss - other.loss) / truth.loss
    # Relative to the largest entry of the parameter's own gradient, plus a ten-millionth of the whole gradient's norm:
    # the key bias of attention has no gradient but rounding (softmax does not see a constant).
    gradient = 0.0
    for name, expected in truth.gradients.items():
        scale = expected.abs().max().item() + 1e-3 * truth.gradient_norm
        gradient = max(gradient, (expected - other.gradients[name]).abs().max().item() / scale)
    assert scores < 5e-5, f"{case.name}: float32 scores stray"
    assert hidden < 5e-5, f"{case.name}: float32 hidden states stray"
    assert loss < 5e-6, f"{case.name}: float32 loss strays"
    assert gradient < 5e-5, f"{case.name}: float32 gradient strays"
    return f"float32 within: scores {scores:.1e}, loss {loss:.1e} rel., gradients {gradient:.1e} rel."


def train(model: SpanModel, case: ParityCase) -> dict:
    settings = case.training
    assert settings is not None
    optimizer = adamw(model, settings)
    losses, norms = [], []
    for step, learning_rate in enumerate(settings.learning_rates()):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate
        optimizer.zero_grad()
        loss, _, _ = batch_loss(model, settings.batches[step % len(settings.batches)], masked(case))
        loss.backward()
        limit = settings.max_grad_norm or float("inf")
        norms.append(torch.nn.utils.clip_grad_norm_(model.parameters(), limit).item())
        losses.append(loss.item())
        optimizer.step()
    return {"losses": losses, "gradientNorms": norms}


def adamw(model: SpanModel, settings: Training) -> torch.optim.AdamW:
    decayed: list[Tensor] = []
    exempt: list[Tensor] = []
    for name, parameter in model.named_parameters():
        without = not settings.decay_all and (name.endswith("bias") or "LayerNorm" in name)
        (exempt if without else decayed).append(parameter)
    groups: list[dict] = [{"params": decayed, "weight_decay": settings.weight_decay}]
    if exempt:
        groups.append({"params": exempt, "weight_decay": 0.0})
    return torch.optim.AdamW(groups, betas=(settings.beta1, settings.beta2), eps=settings.eps)


if __name__ == "__main__":
    main()
