"""The heap of the C library: large tensors go back to the machine as soon as they are freed, small ones stay."""

import ctypes
import platform

LARGE_BYTES = 8 * 2**20
"""Tensors from this size on lie in mappings of their own; smaller ones are reused, which saves the making of pages."""
KEPT_BYTES = 64 * 2**20
"""Freed bytes that stay at the end of the heap; left at 128 KiB, it shrinks and grows all the time."""
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # of malloc.h


def return_large_pieces(large_bytes: int = LARGE_BYTES) -> bool:
    """Let the C library give large pieces back; tell whether it does, as glibc does.

    Left alone, glibc raises its own limit to 32 MiB as such pieces are freed. Activations of one pass then lie between
    those of another, and a process holds several times what its tensors take.

    Source: mallopt(3), "M_MMAP_THRESHOLD" and "M_TRIM_THRESHOLD", https://man7.org/linux/man-pages/man3/mallopt.3.html.
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    library = ctypes.CDLL(None)
    return bool(library.mallopt(_MMAP_THRESHOLD, large_bytes) and library.mallopt(_TRIM_THRESHOLD, KEPT_BYTES))
