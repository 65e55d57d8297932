"""The rate of the GPU's matrix units, as LibTorch reaches it on a large product: python matrix_rate.py [DEVICE [SIZE]]

Speaks as the sides of a workload do (bench/speed/side.ts); a round gives {"gigaflops": N}.
"""

import sys
import time

import torch
from workload import say

ROUNDS = 10


def main() -> None:
    device = sys.argv[1] if len(sys.argv) > 1 else "cuda"
    size = int(sys.argv[2]) if len(sys.argv) > 2 else 8192
    a, b = (torch.randn(size, size, device=device, dtype=torch.bfloat16) for _ in range(2))
    synchronize = torch.cuda.synchronize if device.startswith("cuda") else lambda: None

    def rate() -> float:
        synchronize()
        began = time.perf_counter()
        for _ in range(ROUNDS):
            torch.mm(a, b)
        synchronize()
        return ROUNDS * 2 * size**3 / (time.perf_counter() - began) / 1e9

    rate()
    say({"ready": True})
    for _ in sys.stdin:
        say({"gigaflops": rate(), "tileGigaflops": 0})
    say({"peakBytes": 0})


if __name__ == "__main__":
    main()
