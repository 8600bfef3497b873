"""What this machine can reach at best: the ceilings that training and importing are compared with."""

import subprocess
import sys
import time
from typing import Literal

_HASHING = """
import hashlib, sys, time
block, blocks, started = bytes(2**20), 0, time.perf_counter()
while time.perf_counter() - started < float(sys.argv[1]):
    hashlib.sha256(block).digest()
    blocks += 1
print(blocks)
"""


def matmul_ceiling_tflops(
    dtype: Literal["float32", "bfloat16", "float16"], size: int = 1024, seconds: float = 1.0
) -> float:
    """Multiply square matrices for a while and return 10^12 floating-point operations per second.

    Args:
        dtype: number format of the matrices.
        size: rows and columns; one product costs ``2 * size**3`` operations.
        seconds: how long to multiply, after a warm-up of three products.
    """
    import torch

    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    left, right = (torch.randn(size, size, device=device, dtype=getattr(torch, dtype)) for _ in range(2))
    for _ in range(3):
        torch.mm(left, right)
    num_products, start = 0, _now(device.type)
    while (elapsed_s := _now(device.type) - start) < seconds or num_products == 0:
        torch.mm(left, right)
        num_products += 1
    return num_products * 2 * size**3 / elapsed_s / 1e12


def second_process_gain(seconds: float = 2.0) -> float:
    """Return how much more two processes that share nothing compute than one: 2 on two idle cores.

    Args:
        seconds: how long one process, and then two at once, hash the same block.
    """
    return sum(_blocks_hashed(2, seconds)) / sum(_blocks_hashed(1, seconds))


def _blocks_hashed(num_processes: int, seconds: float) -> list[int]:
    command = [sys.executable, "-c", _HASHING, str(seconds)]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(num_processes)]  # noqa: S603 (ours)
    return [int(process.communicate()[0]) for process in running]


def _now(device: str) -> float:
    """Return the clock once the device has finished what it was given."""
    import torch

    if device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter()
