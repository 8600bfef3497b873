"""What this machine is, and in which precision it computes fast."""

import os
import platform
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from torch import nn

Precision = Literal["auto", "bf16", "fp32"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """The hardware of a run and the precision chosen for it."""

    cpu: str
    cores: int
    memory_gib: float
    device: str
    precision: str
    precision_reason: str
    matmul_tflops: float | None = None
    """What plain matrix products of that precision reach; None before it was measured."""
    datasheet_tflops: float | None = None
    """What the maker of the GPU states; None where it is not known."""

    def as_dict(self) -> dict[str, str | int | float | None]:
        """Return the facts for ``run.json``."""
        return asdict(self)


def examine_machine(wanted: Precision = "auto") -> Machine:
    """Look at processor, memory and accelerator; choose bf16 only where it is computed in hardware."""
    import torch

    cuda = torch.cuda.is_available()
    precision, reason = choose_precision(
        wanted, has_cuda_bf16=cuda and torch.cuda.is_bf16_supported(), flags=_cpu_flags()
    )
    memory_bytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return Machine(
        cpu=_cpu_name(),
        cores=num_cores(),
        memory_gib=round(memory_bytes / 2**30, 1),
        device=torch.cuda.get_device_name() if cuda else "cpu",
        precision=precision,
        precision_reason=reason,
    )


def place(model: "nn.Module") -> None:
    """Move a model to the accelerator, where there is one."""
    import torch

    if torch.cuda.is_available():
        # The method of transformers' classes refuses some precisions; the plain one does all that is needed.
        torch.nn.Module.to(model, "cuda")


def num_cores() -> int:
    """Return the processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def choose_precision(wanted: Precision, *, has_cuda_bf16: bool, flags: frozenset[str]) -> tuple[str, str]:
    """Return the precision to compute in, and why.

    Args:
        wanted: what the recipe asks for.
        has_cuda_bf16: whether there is a GPU that computes bf16 in hardware.
        flags: of the processor, as Linux names them.
    """
    if wanted != "auto":
        return wanted, "asked for by the recipe"
    if has_cuda_bf16:
        return "bf16", "the GPU computes bf16 in hardware"
    if "amx_bf16" in flags:
        return "bf16", "the processor has AMX"
    if "avx512_bf16" in flags:
        return "fp32", "the processor has AVX-512 BF16 but no AMX: fp32 is exact, bf16 trains a quarter faster"
    return "fp32", "the processor has no bf16 hardware (AMX): fp32 takes longer"


def _cpu_flags() -> frozenset[str]:
    return frozenset(_cpu_field("flags").split())


def _cpu_name() -> str:
    return _cpu_field("model name") or platform.processor() or platform.machine()


def _cpu_field(name: str) -> str:
    path = Path("/proc/cpuinfo")
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(name)), "")
