"""The side of plain PyTorch: python plain_pytorch.py INPUT [--device cuda] [--precision fp32|tf32|bf16] [--compile]

bf16 is autocast, weights in single precision; --compile is torch.compile over model and loss.
"""

import argparse
from collections.abc import Callable
from contextlib import AbstractContextManager

import torch
from model import dense_labels, load_model, span_loss, tensors
from texts import tag_texts
from torch import Tensor
from workload import Workload, peak_memory_of, read_workload, serve


class Settings:
    def __init__(self, device: str, precision: str, compiled: bool) -> None:
        self.device = device
        self.bfloat16 = precision == "bf16"
        self.compiled = compiled
        if precision == "tf32":
            torch.backends.cuda.matmul.allow_tf32 = True
            torch.backends.cudnn.allow_tf32 = True

    def autocast(self) -> AbstractContextManager:
        return torch.autocast(self.device, dtype=torch.bfloat16, enabled=self.bfloat16)

    def prepared(self, function: Callable, workload: Workload) -> Callable:
        """A compiler has to be told whether the lengths of batches differ."""
        lengths = {max(map(len, batch.sequences)) for batch in workload.batches}
        return torch.compile(function, dynamic=len(lengths) != 1) if self.compiled else function


def training(workload: Workload, settings: Settings) -> Callable[[], float]:
    model = load_model(workload).to(settings.device).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-5, weight_decay=0.01)

    def loss_of(ids: Tensor, mask: Tensor, labels: Tensor) -> Tensor:
        with settings.autocast():
            scores = model(ids, mask)
        return span_loss(scores.float(), labels)

    compute = settings.prepared(loss_of, workload)

    def one_pass() -> float:
        loss = torch.tensor(0.0)
        for batch in workload.batches:
            labels = dense_labels(batch, workload.types, settings.device)
            loss = compute(*tensors(batch.sequences, settings.device), labels)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
        return loss.item()

    return one_pass


def inference(workload: Workload, settings: Settings) -> Callable[..., float]:
    model = load_model(workload).to(settings.device).eval()

    def scores_of(ids: Tensor, mask: Tensor) -> Tensor:
        with settings.autocast():
            return model(ids, mask)

    compute = settings.prepared(scores_of, workload)

    def spans(inputs: tuple[Tensor, Tensor]) -> list[list[int]]:
        with torch.inference_mode():
            return (compute(*inputs) > workload.threshold).nonzero().tolist()

    if workload.task == "texts":
        of_sequences = lambda sequences: spans(tensors(sequences, settings.device))  # noqa: E731
        return lambda texts=workload.texts: tag_texts(workload, texts, of_sequences)
    batches = [tensors(batch.sequences, settings.device) for batch in workload.batches]
    return lambda: float(sum(len(spans(inputs)) for inputs in batches))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("input")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--precision", choices=("fp32", "tf32", "bf16"), default="fp32")
    parser.add_argument("--compile", action="store_true")
    arguments = parser.parse_args()
    workload = read_workload(arguments.input)
    settings = Settings(arguments.device, arguments.precision, arguments.compile)
    one_pass = training(workload, settings) if workload.task == "train" else inference(workload, settings)
    serve(workload, one_pass, peak_memory_of(arguments.device))


if __name__ == "__main__":
    main()
