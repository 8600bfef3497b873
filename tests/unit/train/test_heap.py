"""Freed tensors: large ones leave the process, small ones stay; in processes of their own, where the limits stay."""

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


SMALL = """
import ctypes, resource
from doctorsun.train.heap import LARGE_BYTES, return_large_pieces

library = ctypes.CDLL(None)
library.malloc.restype, library.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
library.memset.argtypes, library.free.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t], [ctypes.c_void_p]

def new_pages():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    place = library.malloc(LARGE_BYTES // 2)
    library.memset(place, 1, LARGE_BYTES // 2)
    library.free(place)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

return_large_pieces()
new_pages()
print(new_pages())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library")
def test_a_small_piece_reuses_the_pages_of_the_one_before() -> None:
    done = subprocess.run([sys.executable, "-c", SMALL], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 100  # of the 1,024 that it fills
