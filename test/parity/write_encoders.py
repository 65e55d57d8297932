"""Writes test/fixtures/encoders/: tiny Hugging Face checkpoints of each encoder, and what they compute in float64.

Sequences go through transformers one at a time: no padding, no mask.
"""

import json
from pathlib import Path

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel
from transformers.utils.logging import disable_progress_bar

from encoder_cases import EncoderCase, encoder_cases
from fixture_files import fixture_folder, write_json, write_safetensors
from global_pointer import rotate, span_loss, valid_cells
from packed_batch import PackedBatch, Span

ENTITY_TYPES = 2
HEAD_SIZE = 4


def main() -> None:
    torch.set_num_threads(1)
    disable_progress_bar()
    with fixture_folder("encoders") as folder:
        for case in encoder_cases():
            write_case(folder / case.name, case)


def write_case(folder: Path, case: EncoderCase) -> None:
    model = case.build().eval()
    generator = torch.Generator().manual_seed(case.seed)
    enliven(model, generator)
    head = nn.Linear(model.config.hidden_size, ENTITY_TYPES * 2 * HEAD_SIZE)
    enliven(head, generator)
    batch = batch_of(case)

    folder.mkdir()
    model.save_pretrained(folder)
    (folder / "model.safetensors").chmod(0o644)
    (folder / "vocab.txt").write_text("\n".join(case.vocabulary) + "\n", encoding="utf-8")
    if model.config.model_type in ("roberta", "roformer"):  # transformers would take another tokenizer for these
        tokenizer = {"tokenizer_class": "BertTokenizer", "do_lower_case": True}
        (folder / "tokenizer_config.json").write_text(json.dumps(tokenizer, indent=2) + "\n", encoding="utf-8")
    weights = {**encoder_parameters(model), **{f"dense.{name}": value for name, value in head.named_parameters()}}
    write_safetensors(folder / "scored.safetensors", weights)

    single = torch.cat(hidden_states(model, batch)).detach()
    hidden, loss, gradients = evaluate(model.double(), head.double(), batch)
    apart = (single - hidden).abs().max().item()
    assert apart < 2e-5, f"{case.name}: float32 strays"
    write_safetensors(
        folder / "expected.safetensors",
        {"hidden": hidden.float(), **{f"gradient.{name}": value.float() for name, value in gradients.items()}},
    )
    norm = torch.stack([gradient.norm() for gradient in gradients.values()]).norm().item()
    record = {
        "name": case.name,
        "about": case.about,
        "head": {"entityTypes": ENTITY_TYPES, "headSize": HEAD_SIZE},
        "batch": batch.to_json(),
        "expected": {"loss": loss, "gradientNorm": norm},
    }
    write_json(folder / "case.json", record)
    size = sum(file.stat().st_size for file in folder.iterdir())
    print(f"{case.name}: loss {loss:.4f}, float32 within {apart:.1e}, {size / 1024:.0f} KiB")


def enliven(model: nn.Module, generator: torch.Generator) -> None:
    """Weights well above the usual 0.02, biases, LayerNorm and the rows of padding included."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            if not parameter.requires_grad:
                continue  # RoFormer's table of sines
            if name.endswith("LayerNorm.weight") or name.endswith("layer_norm.weight"):
                parameter.copy_(1.0 + 0.2 * noise)
            elif name.endswith("bias"):
                parameter.copy_(0.1 * noise)
            elif name.endswith("_embeddings.weight"):
                parameter.copy_(0.5 * noise)
            else:
                parameter.copy_(noise * 1.2 / parameter.shape[1] ** 0.5)


def batch_of(case: EncoderCase) -> PackedBatch:
    sequences = case.sequences()
    types = [[place * 2 // len(row) for place in range(len(row))] for row in sequences] if case.token_types else None
    gold = [Span(0, 0, 1, 2), Span(0, 1, 4, 4), Span(1, 0, 3, 20), Span(1, 0, 5, 6), Span(3, 1, 2, 9)]
    return PackedBatch(sequences, types, gold)


def encoder_parameters(model: PreTrainedModel) -> dict[str, Tensor]:
    """Under the names of the native side, without what it has no use for."""
    return {
        f"encoder.{name}": value
        for name, value in model.base_model.named_parameters()
        if value.requires_grad and not name.startswith("pooler.")
    }


def hidden_states(model: PreTrainedModel, batch: PackedBatch) -> list[Tensor]:
    """[L, hidden] of each sequence."""
    found = []
    for index, sequence in enumerate(batch.sequences):
        ids = torch.tensor([sequence])
        types = None if batch.token_types is None else torch.tensor([batch.token_types[index]])
        output = model.base_model(input_ids=ids, attention_mask=torch.ones_like(ids), token_type_ids=types)
        found.append(output.last_hidden_state[0])
    return found


def evaluate(model: PreTrainedModel, head: nn.Linear, batch: PackedBatch) -> tuple[Tensor, float, dict[str, Tensor]]:
    """Hidden states [T, hidden], the mean loss, and its gradient by each parameter of encoder and head."""
    hidden = hidden_states(model, batch)
    losses = [loss_of(head, states, batch, index) for index, states in enumerate(hidden)]
    loss = torch.stack(losses).mean()
    loss.backward()
    parameters = {**encoder_parameters(model), **{f"dense.{name}": value for name, value in head.named_parameters()}}
    gradients = {name: value.grad for name, value in parameters.items() if value.grad is not None}
    assert gradients.keys() == parameters.keys()
    return torch.cat(hidden).detach(), loss.item(), gradients


def loss_of(head: nn.Linear, hidden: Tensor, batch: PackedBatch, sequence: int) -> Tensor:
    length = hidden.shape[0]
    projected = head(hidden).view(1, length, ENTITY_TYPES, 2 * HEAD_SIZE)
    query, key = (rotate(part) for part in projected.split(HEAD_SIZE, dim=-1))  # [1, L, types, d] each
    scores = torch.einsum("bmtd,bntd->btmn", query, key) / HEAD_SIZE**0.5
    gold = torch.zeros(1, ENTITY_TYPES, length, length, dtype=torch.bool)
    for span in batch.gold:
        if span.sequence == sequence:
            gold[0, span.entity_type, span.start, span.end] = True
    return span_loss(scores, gold, valid_cells(torch.ones(1, length, dtype=torch.long), False))


if __name__ == "__main__":
    main()
