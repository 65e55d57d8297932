"""The side of ONNX Runtime: python onnx_runtime.py INPUT [--int8]

The model is exported beside the model directory once, and quantised from there once.
"""

import argparse
import contextlib
import logging
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime
from texts import tag_texts
from workload import Workload, padded, peak_memory_of, read_workload, serve


def export(workload: Workload, path: Path) -> None:
    import torch
    from model import load_model, tensors

    model = load_model(workload).eval()
    axes = {0: torch.export.Dim("batch", min=1, max=4096), 1: torch.export.Dim("length", min=1, max=workload.max_length)}
    with warnings.catch_warnings(), contextlib.redirect_stdout(sys.stderr), torch.no_grad():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            model,
            tensors([[5] * 7, [6] * 9]),
            str(path),
            input_names=["input_ids", "attention_mask"],
            output_names=["scores"],
            dynamic_shapes={"input_ids": axes, "attention_mask": axes},
            external_data=False,
            dynamo=True,
        )


def exported(workload: Workload, int8: bool) -> Path:
    fp32 = workload.model.with_suffix(".onnx")
    if not fp32.exists():
        export(workload, fp32)
    if not int8:
        return fp32
    quantised = workload.model.with_suffix(".int8.onnx")
    if not quantised.exists():
        from onnxruntime.quantization import QuantType, quantize_dynamic

        logging.disable(logging.WARNING)
        quantize_dynamic(fp32, quantised, weight_type=QuantType.QInt8)
    return quantised


def inference(workload: Workload, path: Path) -> Callable[..., float]:
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])

    def spans(inputs: dict[str, np.ndarray]) -> list[list[int]]:
        (scores,) = session.run(["scores"], inputs)
        return np.argwhere(scores > workload.threshold).tolist()

    if workload.task == "texts":
        return lambda texts=workload.texts: tag_texts(workload, texts, lambda sequences: spans(arrays(sequences)))
    batches = [arrays(batch.sequences) for batch in workload.batches]
    return lambda: float(sum(len(spans(inputs)) for inputs in batches))


def arrays(sequences: list[list[int]]) -> dict[str, np.ndarray]:
    ids, mask = padded(sequences)
    return {"input_ids": np.array(ids, np.int64), "attention_mask": np.array(mask, np.int64)}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("input")
    parser.add_argument("--int8", action="store_true")
    parser.add_argument("--export", action="store_true", help="do nothing but make the file")
    arguments = parser.parse_args()
    workload = read_workload(arguments.input)
    path = exported(workload, arguments.int8)
    if not arguments.export:
        serve(workload, inference(workload, path), peak_memory_of("cpu"))


if __name__ == "__main__":
    main()
