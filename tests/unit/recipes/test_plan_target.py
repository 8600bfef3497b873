"""The machines that a plan is made for: this one, or GPUs that are told."""

import os
from pathlib import Path

import pytest
import torch

from doctorsun.config import load_recipe
from doctorsun.model.build import sized_config
from doctorsun.model.presets import PRESETS
from doctorsun.recipes import SHIPPED
from doctorsun.recipes.network import Network
from doctorsun.recipes.plan_request import GIB, PlanRequest
from doctorsun.recipes.plan_target import request_for

pytestmark = pytest.mark.skipif(torch.cuda.is_available(), reason="tells of machines without a GPU")
NETWORK = Network(config=sized_config(PRESETS["micro"], 600), start=None, told_by="the test")


def request(
    *, num_gpus: int | None = None, gpu_memory_gib: float | None = None, tflops: float | None = None
) -> PlanRequest:
    recipe = load_recipe("micro", search=SHIPPED)
    return request_for(
        recipe, Path("run"), NETWORK, num_gpus=num_gpus, gpu_memory_gib=gpu_memory_gib, tflops=tflops, mfu=0.3
    )


def test_this_machine_is_planned_for_with_its_memory_and_its_measured_peak() -> None:
    found = request()
    assert (found.devices.num, found.devices.is_gpu) == (1, False)
    assert found.devices.available_bytes == os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    assert found.speed.tflops is not None
    assert found.speed.tflops > 0
    assert found.speed.mfu == 0.3


def test_gpus_that_are_told_have_neither_memory_nor_peak_unless_these_are_told_too() -> None:
    found = request(num_gpus=16)
    assert (found.devices.num, found.devices.is_gpu, found.devices.available_bytes) == (16, True, None)
    assert found.devices.num_shards == 8
    assert found.speed.tflops is None
    assert found.speed.seconds(1e18, 16) is None


def test_memory_of_a_gpu_alone_means_one_gpu() -> None:
    found = request(gpu_memory_gib=23.5, tflops=165.0)
    assert (found.devices.num, found.devices.is_gpu) == (1, True)
    assert found.devices.available_bytes == round(23.5 * GIB)
    assert found.speed.seconds(165e12, 1) == pytest.approx(1 / 0.3)


def test_a_peak_that_is_told_is_not_measured() -> None:
    found = request(tflops=0.125)
    assert (found.devices.is_gpu, found.speed.tflops) == (False, 0.125)
