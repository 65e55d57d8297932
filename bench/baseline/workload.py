"""A workload as the benchmark wrote it, and the conversation with the benchmark (bench/speed/side.ts)."""

import json
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

PAD_ID = 0
WARM_TEXTS = 200


@dataclass(frozen=True)
class Batch:
    sequences: list[list[int]]
    gold: list[list[int]]  # [sequence, type, start, end]


@dataclass(frozen=True)
class Workload:
    task: str
    model: Path
    types: int
    head_size: int
    max_length: int
    batch_size: int
    passes: int
    threshold: float
    batches: list[Batch]
    texts: list[str]


def read_workload(path: str) -> Workload:
    record = json.loads(Path(path).read_text(encoding="utf-8"))
    return Workload(
        task=record["task"],
        model=Path(record["model"]),
        types=record["types"],
        head_size=record["headSize"],
        max_length=record["maxSeqLen"],
        batch_size=record["batchSize"],
        passes=record["passes"],
        threshold=record["threshold"],
        batches=[Batch(batch["sequences"], batch["gold"]) for batch in record["batches"]],
        texts=record["texts"],
    )


def padded(sequences: list[list[int]]) -> tuple[list[list[int]], list[list[int]]]:
    """Ids and attention mask, padded to the longest."""
    longest = max(map(len, sequences))
    ids = [sequence + [PAD_ID] * (longest - len(sequence)) for sequence in sequences]
    mask = [[1] * len(sequence) + [0] * (longest - len(sequence)) for sequence in sequences]
    return ids, mask


def peak_memory_of(device: str) -> Callable[[], int]:
    """What tells the peak memory in bytes: of the process, or of tensors on a CUDA device."""
    if device == "cpu":
        return lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    from torch import cuda

    return cuda.max_memory_allocated


def serve(workload: Workload, one_pass: Callable[..., float], peak_bytes: Callable[[], int]) -> None:
    """Warms up, then does a round for every line of the input; tells its peak memory at the end.

    A pass over texts takes some of them where it is given them, which is enough to warm up.
    """
    one_pass(workload.texts[:WARM_TEXTS]) if workload.task == "texts" else one_pass()
    say({"ready": True})
    for _ in sys.stdin:
        began = time.perf_counter()
        result = 0.0
        for _ in range(workload.passes):
            result = one_pass()
        say({"seconds": time.perf_counter() - began, "result": result})
    say({"peakBytes": peak_bytes()})


def say(answer: dict) -> None:
    print(json.dumps(answer), flush=True)
