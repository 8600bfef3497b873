"""Examination of the machine: each finding, good and bad."""

from pathlib import Path

import pytest

from doctorsun.recipes.doctor import (
    available_memory_gib,
    examine,
    examine_cores,
    examine_disk,
    examine_memory,
    examine_precision,
    examine_python,
)
from doctorsun.recipes.machine import Machine

MACHINE = Machine(
    cpu="Some CPU", cores=2, memory_gib=8.0, device="cpu", precision="fp32", precision_reason="no bf16 hardware"
)


@pytest.mark.parametrize("version", [(3, 11), (3, 13)])
def test_known_versions_of_python_pass(version: tuple[int, int]):
    assert examine_python(version).ok


@pytest.mark.parametrize("version", [(3, 10), (3, 14)])
def test_other_versions_of_python_do_not(version: tuple[int, int]):
    finding = examine_python(version)
    assert not finding.ok
    assert finding.detail.endswith("; 3.11, 3.12 or 3.13 is needed")


def test_scarce_memory_and_disk_are_told_with_what_is_needed():
    assert examine_memory(3.9).detail == "3.9 GiB available; the tiny recipe needs 4 GiB"
    assert examine_disk(4.9).detail == "4.9 GiB free; the tiny recipe needs 5 GiB"
    assert not examine_memory(3.9).ok
    assert not examine_disk(4.9).ok
    assert examine_memory(4.0).ok
    assert examine_disk(5.0).ok


def test_processor_and_precision_are_described():
    assert examine_cores(MACHINE).detail == "Some CPU, 2 cores"
    assert examine_precision(MACHINE).detail == "fp32 on cpu: no bf16 hardware"


def test_available_memory_is_read_from_the_system(tmp_path: Path):
    path = tmp_path / "meminfo"
    path.write_text("MemTotal:       8000000 kB\nMemAvailable:    2097152 kB\n", encoding="utf-8")
    assert available_memory_gib(path) == 2.0
    path.write_text("MemTotal:       8000000 kB\n", encoding="utf-8")
    assert available_memory_gib(path) is None
    assert available_memory_gib(tmp_path / "absent") is None


def test_everything_is_looked_at():
    assert [each.name for each in examine()] == ["python", "processor", "memory", "disk", "torch", "precision"]
