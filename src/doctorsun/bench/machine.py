"""What this machine can reach at best: the ceiling that training speeds are compared with."""

import time
from typing import Literal


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


def _now(device: str) -> float:
    """Return the clock once the device has finished what it was given."""
    import torch

    if device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter()
