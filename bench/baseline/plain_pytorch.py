"""The side of plain PyTorch: python plain_pytorch.py INPUT"""

import sys
from collections.abc import Callable

import torch
from model import dense_labels, load_model, span_loss, tensors
from texts import tag_texts
from torch import Tensor
from workload import Workload, read_workload, serve


def training(workload: Workload) -> Callable[[], float]:
    model = load_model(workload).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-5, weight_decay=0.01)

    def one_pass() -> float:
        loss = torch.tensor(0.0)
        for batch in workload.batches:
            scores = model(*tensors(batch.sequences))
            loss = span_loss(scores, dense_labels(batch, workload.types))
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
        return loss.item()

    return one_pass


def inference(workload: Workload) -> Callable[..., float]:
    model = load_model(workload).eval()

    def spans(inputs: tuple[Tensor, Tensor]) -> list[list[int]]:
        with torch.inference_mode():
            return (model(*inputs) > workload.threshold).nonzero().tolist()

    if workload.task == "texts":
        return lambda texts=workload.texts: tag_texts(workload, texts, lambda sequences: spans(tensors(sequences)))
    batches = [tensors(batch.sequences) for batch in workload.batches]
    return lambda: float(sum(len(spans(inputs)) for inputs in batches))


def main() -> None:
    workload = read_workload(sys.argv[1])
    serve(workload, training(workload) if workload.task == "train" else inference(workload))


if __name__ == "__main__":
    main()
