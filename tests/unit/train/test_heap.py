"""Freed tensors: large ones leave the process, in a process of its own, since the limit stays as it was set."""

import platform
import subprocess
import sys

import pytest

CHILD = """
from pathlib import Path
import torch
from doctorsun.train.heap import LARGE_BYTES, return_large_pieces

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

print(return_large_pieces())
numbers = 2 * LARGE_BYTES // 4
before = resident()
for _ in range(3):  # left alone, the limit rises with the first that are freed
    held = [torch.ones(numbers) for _ in range(30)]
    last = held[-1].clone()  # lies above all that is freed
    del held
print((resident() - before) // LARGE_BYTES)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library")
def test_large_tensors_leave_the_process_when_they_are_freed() -> None:
    done = subprocess.run([sys.executable, "-c", CHILD], capture_output=True, text=True, check=True)
    is_set, held = done.stdout.split()
    assert is_set == "True"
    assert int(held) <= 4
