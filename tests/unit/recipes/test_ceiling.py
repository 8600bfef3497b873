from dataclasses import replace

import pytest

from doctorsun.recipes.ceiling import datasheet_tflops, matmul_ceiling_tflops, with_ceiling
from doctorsun.recipes.machine import Machine

MACHINE = Machine(
    cpu="A processor", cores=2, memory_gib=4.0, device="cpu", precision="fp32", precision_reason="asked for"
)


def test_the_ceiling_is_a_plausible_speed() -> None:
    assert 1e-6 < matmul_ceiling_tflops("float32", size=64, seconds=0.01) < 1e4


def test_it_is_measured_once_per_run() -> None:
    known = MACHINE.as_dict() | {"matmul_tflops": 0.25}
    assert with_ceiling(MACHINE, known) == replace(MACHINE, matmul_tflops=0.25)


@pytest.mark.parametrize("known", [{}, MACHINE.as_dict(), MACHINE.as_dict() | {"cpu": "Another", "matmul_tflops": 1e9}])
def test_another_machine_is_measured_anew(known: dict[str, object]) -> None:
    measured = with_ceiling(MACHINE, known).matmul_tflops
    assert measured is not None
    assert 0 < measured < 1e4


@pytest.mark.parametrize(
    ("device", "tflops"),
    [
        ("NVIDIA H100 80GB HBM3", 989.4),
        ("NVIDIA H100 PCIe", 756.0),
        ("NVIDIA H200", 989.4),
        ("NVIDIA A100-SXM4-80GB", 312.0),
        ("NVIDIA A10", 125.0),
        ("NVIDIA GeForce RTX 4090", 165.2),
        ("NVIDIA Unheard 5", None),
        ("cpu", None),
    ],
)
def test_the_data_sheet_is_found_by_the_name_of_the_driver(device: str, tflops: float | None) -> None:
    assert datasheet_tflops(device) == tflops


def test_the_data_sheet_counts_where_bf16_is_computed() -> None:
    gpu = replace(MACHINE, device="NVIDIA H200")
    known = {"matmul_tflops": 700.0}
    assert with_ceiling(gpu, gpu.as_dict() | known).datasheet_tflops is None
    half = replace(gpu, precision="bf16")
    assert with_ceiling(half, half.as_dict() | known).datasheet_tflops == 989.4
