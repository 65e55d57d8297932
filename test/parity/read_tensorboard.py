"""Reads a run's event files back with TensorBoard's own reader and compares them with the run's JSON lines.

    read_tensorboard.py RUN

Every number of RUN/steps.jsonl and RUN/metrics.jsonl that is tracked has to be there, at its step and in its order,
rounded to float32, and nothing else. Prints how many were compared; exit status 1 when one differs. The names of the
scalars are those of docs/tracking.md.
"""

import argparse
import json
import pathlib
import sys

import numpy
from tensorboard.backend.event_processing.event_accumulator import SCALARS, EventAccumulator


def json_lines(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def step_scalars(record):
    memory = record["memory"]
    train = {key: value for key, value in record.items() if key not in ("step", "memory")}
    return {f"train/{key}": value for key, value in train.items()} | {
        f"memory/{key}": value for key, value in memory.items()
    }


def epoch_scalars(record):
    scalars = {f"epoch/{key}": value for key, value in record.items() if key not in ("epoch", "step", "dev")}
    scalars["epoch/number"] = record["epoch"]
    groups = {"dev": record["dev"]} | {f"types/{name}": scores for name, scores in record["dev"]["types"].items()}
    for group, scores in groups.items():
        scalars |= {f"{group}/{name}": scores[name] for name in ("precision", "recall", "f1")}
    return scalars


def expected_series(run):
    """Tag -> list of (step, value as float32)."""
    series = {}
    records = [(record["step"], step_scalars(record)) for record in json_lines(run / "steps.jsonl")]
    records += [(record["step"], epoch_scalars(record)) for record in json_lines(run / "metrics.jsonl")]
    for step, scalars in records:
        for tag, value in scalars.items():
            series.setdefault(tag, []).append((step, float(numpy.float32(value))))
    return series


def read_series(run):
    accumulator = EventAccumulator(str(run / "tensorboard"), size_guidance={SCALARS: 0})
    accumulator.Reload()
    return {
        tag: [(event.step, event.value) for event in accumulator.Scalars(tag)]
        for tag in accumulator.Tags()[SCALARS]
    }


def main():
    parser = argparse.ArgumentParser(description="Compares a run's event files with its JSON lines.")
    parser.add_argument("run", type=pathlib.Path)
    run = parser.parse_args().run
    expected, found = expected_series(run), read_series(run)
    differences = [tag for tag in sorted(expected.keys() | found.keys()) if expected.get(tag) != found.get(tag)]
    for tag in differences:
        print(f"{tag}: expected {expected.get(tag)}, found {found.get(tag)}")
    values = sum(len(series) for series in expected.values())
    files = len(list((run / "tensorboard").iterdir()))
    print(f"{values} values of {len(expected)} scalars in {files} event files: {len(differences)} scalars differ")
    return 1 if differences or values == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
