"""Writes test/fixtures/schedule/: rates of PyTorch's CosineAnnealingWarmRestarts, made anew at the start of each epoch.

That is what GlobalPointer_pytorch does: one scheduler an epoch, on the optimizer that stays, stepped after every batch.
"""

import torch
from torch.optim.lr_scheduler import CosineAnnealingWarmRestarts

from fixture_files import fixture_folder, write_json

RATE = 2e-5
# Epochs of the first period, what each further one is multiplied with, the lowest factor, steps an epoch, epochs.
CASES = [(2, 1, 0.0, 7, 3), (2, 1, 0.1, 5, 3), (1, 1, 0.0, 4, 3), (0.5, 1, 0.0, 8, 2), (0.25, 2, 0.05, 12, 2)]


def factors(period: float, multiplier: int, floor: float, steps: int, epochs: int) -> list[float]:
    optimizer = torch.optim.Adam([torch.nn.Parameter(torch.zeros(1))], lr=RATE)
    rates = []
    for _ in range(epochs):
        scheduler = CosineAnnealingWarmRestarts(
            optimizer, T_0=int(period * steps), T_mult=multiplier, eta_min=floor * RATE
        )
        for _ in range(steps):
            rates.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            scheduler.step()
    return [rate / RATE for rate in rates]


def main() -> None:
    with fixture_folder("schedule") as folder:
        write_json(
            folder / "epochwise-restarts.json",
            [
                {
                    "periodEpochs": period,
                    "periodMultiplier": multiplier,
                    "minRatio": floor,
                    "stepsPerEpoch": steps,
                    "factors": factors(period, multiplier, floor, steps, epochs),
                }
                for period, multiplier, floor, steps, epochs in CASES
            ],
        )


if __name__ == "__main__":
    main()
