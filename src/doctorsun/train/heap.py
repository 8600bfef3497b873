"""The heap of the C library: large tensors go back to the machine as soon as they are freed."""

import ctypes
import platform

LARGE_BYTES = 4 * 2**20
"""Tensors from this size on lie in mappings of their own; smaller ones are reused, which saves the making of pages."""
_MMAP_THRESHOLD = -3
"""``M_MMAP_THRESHOLD`` of malloc.h."""


def return_large_pieces(large_bytes: int = LARGE_BYTES) -> bool:
    """Let the C library give large pieces back; tell whether it does, as glibc does.

    Left alone, glibc raises its own limit to 32 MiB as such pieces are freed. Activations of one pass then lie between
    those of another, and a process holds several times what its tensors take.

    Source: mallopt(3), "M_MMAP_THRESHOLD", https://man7.org/linux/man-pages/man3/mallopt.3.html.
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    return bool(ctypes.CDLL(None).mallopt(_MMAP_THRESHOLD, large_bytes))
