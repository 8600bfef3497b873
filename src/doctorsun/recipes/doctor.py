"""Examination of this machine: what a run needs, and whether it is here."""

import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from doctorsun.recipes.machine import Machine, examine_machine

GIB = 1024**3
MIN_MEMORY_GIB = 4
MIN_DISK_GIB = 5
OLDEST_PYTHON, NEWEST_PYTHON = (3, 11), (3, 13)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at; ``ok`` is False where a run would fail."""

    name: str
    ok: bool
    detail: str


def examine(folder: Path = Path()) -> list[Finding]:
    """Look at this machine.

    Args:
        folder: where runs will be written.
    """
    machine = examine_machine()
    return [
        examine_python(sys.version_info[:2]),
        examine_cores(machine),
        examine_memory(available_memory_gib(Path("/proc/meminfo")) or machine.memory_gib),
        examine_disk(shutil.disk_usage(folder).free / GIB),
        examine_torch(),
        examine_precision(machine),
    ]


def examine_python(version: tuple[int, int]) -> Finding:
    """Compare the interpreter's (major, minor) version with those that the package is made for."""
    is_known = OLDEST_PYTHON <= version <= NEWEST_PYTHON
    detail = f"{version[0]}.{version[1]}" + ("" if is_known else "; 3.11, 3.12 or 3.13 is needed")
    return Finding(name="python", ok=is_known, detail=detail)


def examine_cores(machine: Machine) -> Finding:
    """Report the processor and how many of its cores this process may use."""
    return Finding(name="processor", ok=True, detail=f"{machine.cpu}, {machine.cores} cores")


def examine_memory(available_gib: float) -> Finding:
    """Compare the memory with what the tiny recipe needs."""
    advice = "" if available_gib >= MIN_MEMORY_GIB else f"; the tiny recipe needs {MIN_MEMORY_GIB} GiB"
    return Finding(name="memory", ok=not advice, detail=f"{available_gib:.1f} GiB available{advice}")


def examine_disk(free_gib: float) -> Finding:
    """Compare the free disk space with what the tiny recipe needs."""
    advice = "" if free_gib >= MIN_DISK_GIB else f"; the tiny recipe needs {MIN_DISK_GIB} GiB"
    return Finding(name="disk", ok=not advice, detail=f"{free_gib:.1f} GiB free{advice}")


def examine_torch() -> Finding:
    """Report PyTorch's version and how many threads it computes with."""
    import torch

    return Finding(name="torch", ok=True, detail=f"{torch.__version__}, {torch.get_num_threads()} threads")


def examine_precision(machine: Machine) -> Finding:
    """Report the device and whether it computes bfloat16 in hardware."""
    detail = f"{machine.precision} on {machine.device}: {machine.precision_reason}"
    return Finding(name="precision", ok=True, detail=detail)


def available_memory_gib(meminfo: Path) -> float | None:
    """Read the memory that programs can still take from Linux's ``/proc/meminfo``; None where there is none."""
    lines = meminfo.read_text(encoding="utf-8").splitlines() if meminfo.is_file() else []
    found = [line.split()[1] for line in lines if line.startswith("MemAvailable:")]
    return int(found[0]) * 1024 / GIB if found else None
