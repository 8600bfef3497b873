"""The machines that a recipe is planned for: this one, or GPUs that are told."""

import os
from pathlib import Path

from doctorsun.config import Recipe
from doctorsun.recipes.ceiling import NumberFormat, matmul_ceiling_tflops
from doctorsun.recipes.machine import Machine, examine_machine
from doctorsun.recipes.network import Network
from doctorsun.recipes.plan_request import GIB, Devices, PlanRequest, Speed

MEASURED_S = 0.3


def request_for(
    recipe: Recipe,
    run: Path,
    network: Network,
    *,
    num_gpus: int | None,
    gpu_memory_gib: float | None,
    tflops: float | None,
    mfu: float,
) -> PlanRequest:
    """Settle what is planned and for which machines.

    Args:
        recipe: the settings.
        run: the folder of the run.
        network: of the recipe.
        num_gpus: GPUs in all; None: those of this machine, or its processor where it has none.
        gpu_memory_gib: of each; None: as this machine's.
        tflops: peak of each device; None: measured where it is this machine's.
        mfu: share of the peak that training reaches.
    """
    machine = examine_machine(recipe.precision)
    here = machine.device != "cpu"
    is_gpu = num_gpus is not None or gpu_memory_gib is not None or here
    if tflops is None and is_gpu == here:
        tflops = round(matmul_ceiling_tflops(_number_format(machine), seconds=MEASURED_S), 4)
    available = available_bytes(machine, is_gpu=is_gpu) if gpu_memory_gib is None else round(gpu_memory_gib * GIB)
    return PlanRequest(
        recipe=recipe,
        run=run,
        network=network,
        devices=Devices(num=num_gpus or _num_here(is_gpu=is_gpu and here), is_gpu=is_gpu, available_bytes=available),
        speed=Speed(mfu=mfu, tflops=tflops),
    )


def _number_format(machine: Machine) -> NumberFormat:
    return "bfloat16" if machine.precision == "bf16" else "float32"


def _num_here(*, is_gpu: bool) -> int:
    """Return the GPUs of this machine; one process where it has none."""
    if not is_gpu:
        return 1
    import torch

    return torch.cuda.device_count()


def available_bytes(machine: Machine, *, is_gpu: bool) -> int | None:
    """Return the memory of each device; None of GPUs that this machine has not."""
    if machine.device == "cpu":
        return None if is_gpu else os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    import torch

    return torch.cuda.get_device_properties(0).total_memory
