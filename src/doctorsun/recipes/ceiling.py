"""How fast this machine multiplies matrices at best: what the speed of training is compared with."""

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

from doctorsun.recipes.machine import Machine

NumberFormat = Literal["float32", "bfloat16", "float16"]
TERA = 1e12
CPU_SIZE, GPU_SIZE = 1024, 8192
BURST_S = 0.05

DATASHEET_TFLOPS = {
    "B200": 2250.0,
    "H200": 989.4,
    "H100 PCIe": 756.0,
    "H100": 989.4,
    "H800": 989.4,
    "H20": 148.0,
    "A100": 312.0,
    "A800": 312.0,
    "L40S": 362.0,
    "L20": 119.5,
    "L4": 121.0,
    "A10": 125.0,
    "RTX 4090": 165.2,
    "RTX 3090": 71.0,
}
"""Dense bf16 products with sums in 32 bits, in 10^12 operations per second. Source: NVIDIA's data sheets."""


def matmul_ceiling_tflops(dtype: NumberFormat, size: int | None = None, seconds: float = 1.0) -> float:
    """Multiply square matrices for a while and return the best rate, in 10^12 floating-point operations per second.

    The best of short bursts: what else the machine does now and then does not lower it.

    Args:
        dtype: number format of the matrices.
        size: rows and columns, enough to keep the device busy when None; one product costs ``2 * size**3`` operations.
        seconds: how long to multiply, after a warm-up of three products.
    """
    import torch

    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    size = size or (GPU_SIZE if device.type == "cuda" else CPU_SIZE)
    left, right = (torch.randn(size, size, device=device, dtype=getattr(torch, dtype)) for _ in range(2))
    for _ in range(3):
        torch.mm(left, right)
    start, best = _now(device.type), 0.0
    while best == 0.0 or _now(device.type) - start < seconds:
        burst_start, num_products = _now(device.type), 0
        while (elapsed_s := _now(device.type) - burst_start) < min(BURST_S, seconds) or num_products == 0:
            torch.mm(left, right)
            num_products += 1
        best = max(best, num_products * 2 * size**3 / elapsed_s / TERA if elapsed_s > 0 else 0.0)
    return best


def with_ceiling(machine: Machine, known: Mapping[str, Any]) -> Machine:
    """Return a machine with its ceilings; measured once per run.

    Args:
        machine: as it was examined now.
        known: what the run's record says of the machine; empty before the first process.
    """
    same = all(known.get(key) == value for key, value in machine.as_dict().items() if not key.endswith("_tflops"))
    if same and known.get("matmul_tflops"):
        measured = float(known["matmul_tflops"])
    else:
        measured = round(
            matmul_ceiling_tflops("bfloat16" if machine.precision == "bf16" else "float32", seconds=0.3), 4
        )
    peak = datasheet_tflops(machine.device) if machine.precision == "bf16" else None
    return replace(machine, matmul_tflops=measured, datasheet_tflops=peak)


def datasheet_tflops(device: str) -> float | None:
    """Return what the maker of a GPU states for bf16, by the name that the driver gives; None where it is not known."""
    words = device.replace("-", " ")
    return next((peak for name, peak in DATASHEET_TFLOPS.items() if set(name.split()) <= set(words.split())), None)


def _now(device: str) -> float:
    """Return the clock once the device has finished what it was given."""
    import torch

    if device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter()
