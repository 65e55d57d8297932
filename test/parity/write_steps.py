"""Writes test/fixtures/steps/: training steps with all that they may do besides AdamW, computed in float64.

Plain PyTorch, one thing at a time: a group of the optimizer for each parameter, accumulated batches as one padded
batch, the moving average and the perturbation written out. Each case is computed in float32 too and compared.
"""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from fixture_files import fixture_folder, write_json, write_safetensors
from global_pointer import GlobalPointer
from model_shape import random_weights
from packed_batch import PackedBatch
from step_cases import BATCHES, SEED, SHAPE, StepCase, Perturbation, step_cases, union
from write_parity import batch_loss


@dataclass(frozen=True)
class Run:
    losses: list[float]  # before each step, without perturbation
    gradient_norms: list[float]  # before clipping
    weights: dict[str, Tensor]  # after the last step: the average, where there is one
    loss: float  # of the first batch, with those weights


def main() -> None:
    torch.set_num_threads(1)  # one order of summation, so one result
    weights = random_weights(SHAPE, SEED)
    others = [train(StepCase(name="plain", about="nothing besides AdamW"), weights, torch.float64)]
    with fixture_folder("steps") as folder:
        write_safetensors(folder / "model.safetensors", weights)
        for case in step_cases():
            others.append(write_case(folder / case.name, case, weights, others))


def write_case(folder: Path, case: StepCase, weights: dict[str, Tensor], others: list[Run]) -> Run:
    """The truth of a case, which has to be unlike all the others."""
    truth = train(case, weights, torch.float64)
    apart = min(distance(truth, other) for other in others)
    print(f"{case.name}: {truth.losses[0]:.4f} -> {truth.losses[-1]:.4f}, {apart:.1e} from the next case")
    print(f"  {compare(case, truth, weights)}")
    assert apart > 3e-3, f"{case.name}: the case makes too little difference ({apart:.1e})"
    folder.mkdir()
    write_safetensors(folder / "expected.safetensors", {name: tensor.float() for name, tensor in truth.weights.items()})
    record = {
        "name": case.name,
        "about": case.about,
        "shape": SHAPE.to_json(),
        "optimizer": case.optimizer_json(),
        "step": case.step_json(),
        "batches": [batch.to_json() for batch in BATCHES],
        "steps": case.steps,
        "learningRates": [{"encoder": encoder, "head": head} for encoder, head in case.learning_rates()],
        "losses": truth.losses,
        "gradientNorms": truth.gradient_norms,
        "loss": truth.loss,
    }
    write_json(folder / "case.json", record)
    return truth


def distance(one: Run, other: Run) -> float:
    return max((tensor - other.weights[name]).abs().max().item() for name, tensor in one.weights.items())


def compare(case: StepCase, truth: Run, weights: dict[str, Tensor]) -> str:
    """Holds a float32 run against the truth, at half of what the native side is allowed."""
    single = train(case, weights, torch.float32)
    loss = max(abs(a - b) for a, b in zip(truth.losses, single.losses, strict=True))
    norm = max(abs(a - b) for a, b in zip(truth.gradient_norms, single.gradient_norms, strict=True))
    weight = distance(truth, single)
    assert loss < 5e-6, f"{case.name}: float32 losses stray by {loss:.1e}"
    assert norm < 1e-4, f"{case.name}: float32 gradient norms stray by {norm:.1e}"
    assert weight < 5e-5, f"{case.name}: float32 weights stray by {weight:.1e}"
    return f"float32 within: losses {loss:.1e}, norms {norm:.1e}, weights {weight:.1e}"


def train(case: StepCase, weights: dict[str, Tensor], dtype: torch.dtype) -> Run:
    model = SHAPE.build()
    model.load_state_dict(weights)
    model.to(dtype).train()  # dropout is 0
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(not frozen(name, case))
    learning = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(parameter_groups(model, case), betas=(0.9, 0.999), eps=case.eps)
    average = {name: parameter.detach().clone() for name, parameter in model.named_parameters()}
    losses, norms = [], []
    for step, places in enumerate(case.steps):
        for group in optimizer.param_groups:
            group["lr"] = case.learning_rates()[step][1 if group["head"] else 0] * group["factor"]
        batch = union([BATCHES[place] for place in places])
        optimizer.zero_grad()
        loss = loss_of(model, batch)
        loss.backward()
        if case.perturbation is not None:
            add_adversarial_gradients(model, batch, case.perturbation)
        norms.append(torch.nn.utils.clip_grad_norm_(learning, case.max_grad_norm).item())
        losses.append(loss.item())
        optimizer.step()
        if case.average_decay is not None:
            update_average(average, model, step + 1, case.average_decay)
    if case.average_decay is not None:
        model.load_state_dict(average)
    with torch.no_grad():
        last = loss_of(model, BATCHES[0]).item()
    return Run(losses, norms, {name: parameter.detach() for name, parameter in model.named_parameters()}, last)


def loss_of(model: GlobalPointer, batch: PackedBatch) -> Tensor:
    return batch_loss(model, batch, SHAPE.mask_special_tokens)[0]


def layer_of(name: str) -> int:
    """-1 for the embeddings, and the number of layers for the head."""
    if name.startswith("encoder.encoder.layer."):
        return int(name.split(".")[3])
    return -1 if name.startswith("encoder.embeddings.") else SHAPE.num_hidden_layers


def frozen(name: str, case: StepCase) -> bool:
    if layer_of(name) == -1:
        return case.frozen_embeddings or case.frozen_layers > 0
    return layer_of(name) < case.frozen_layers


def parameter_groups(model: GlobalPointer, case: StepCase) -> list[dict]:
    """A group for each parameter that learns."""
    groups = []
    for name, parameter in model.named_parameters():
        if frozen(name, case):
            continue
        head = name.startswith("dense.")
        exempt = name.endswith("bias") or "LayerNorm" in name
        groups.append(
            {
                "params": [parameter],
                "weight_decay": 0.0 if exempt else case.weight_decay,
                "head": head,
                "factor": 1.0 if head else case.layer_decay ** (SHAPE.num_hidden_layers - 1 - layer_of(name)),
            }
        )
    return groups


def update_average(average: dict[str, Tensor], model: GlobalPointer, step: int, decay: float) -> None:
    """TensorFlow's ExponentialMovingAverage with num_updates."""
    decay = min(decay, (1 + step) / (10 + step))
    for name, parameter in model.named_parameters():
        average[name] = decay * average[name] + (1 - decay) * parameter.detach()


def add_adversarial_gradients(model: GlobalPointer, batch: PackedBatch, perturbation: Perturbation) -> None:
    """Projected gradient descent on the word embeddings (arXiv 1706.06083); one ascent is FGM (arXiv 1605.07725)."""
    embeddings = model.encoder.embeddings.word_embeddings.weight
    original = embeddings.detach().clone()
    clean = {name: parameter.grad.clone() for name, parameter in model.named_parameters()}
    for ascent in range(perturbation.steps):
        with torch.no_grad():
            embeddings += perturbation.alpha * embeddings.grad / embeddings.grad.norm()
            away = embeddings - original
            if away.norm() > perturbation.epsilon:
                embeddings.copy_(original + perturbation.epsilon * away / away.norm())
        last = ascent == perturbation.steps - 1
        for name, parameter in model.named_parameters():
            parameter.grad = clean[name] if last else None
        loss_of(model, batch).backward()
    with torch.no_grad():
        embeddings.copy_(original)


if __name__ == "__main__":
    main()
