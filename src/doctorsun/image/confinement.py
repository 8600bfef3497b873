"""A system call filter for decoding processes: no network, no other program, no hand on other processes.

A second wall behind the limits of memory and time: a decoder that a file has taken over can still not speak to anyone.
Only Linux on x86-64 and arm64 knows it; elsewhere the limits alone hold.

Source: Linux, Documentation/userspace-api/seccomp_filter.rst; include/uapi/linux/{seccomp,filter,audit}.h; numbers of
system calls from arch/x86/entry/syscalls/syscall_64.tbl and include/uapi/asm-generic/unistd.h.
"""

import ctypes
import errno
import platform
import struct
import sys
from collections.abc import Iterable

_SET_SECCOMP, _SET_NO_NEW_PRIVS = 22, 38
_MODE_FILTER = 2
_LOAD_WORD, _JUMP_IF_EQUAL, _JUMP_IF_NOT_LESS, _RETURN = 0x20, 0x15, 0x35, 0x06
_NUMBER, _ARCHITECTURE = 0, 4  # places in struct seccomp_data
_ALLOW, _REFUSE, _KILL = 0x7FFF0000, 0x00050000 | errno.EPERM, 0x80000000
_OTHER_ABI = 0x40000000  # x32 calls of x86-64 have this bit
_SAME_EVERYWHERE = {
    "pidfd_send_signal": 424,
    "io_uring_setup": 425,
    "io_uring_enter": 426,
    "io_uring_register": 427,
    "pidfd_open": 434,
    "pidfd_getfd": 438,
}
# fmt: off
_CALLS: dict[str, tuple[int, dict[str, int]]] = {
    "x86_64": (0xC000003E, {
        "socket": 41, "connect": 42, "accept": 43, "bind": 49, "listen": 50, "accept4": 288, "fork": 57, "vfork": 58,
        "execve": 59, "execveat": 322, "kill": 62, "tkill": 200, "ptrace": 101, "process_vm_readv": 310,
        "process_vm_writev": 311, "mount": 165, "unshare": 272, "setns": 308, "bpf": 321, "keyctl": 250,
    }),
    "aarch64": (0xC00000B7, {
        "socket": 198, "connect": 203, "accept": 202, "bind": 200, "listen": 201, "accept4": 242, "execve": 221,
        "execveat": 281, "kill": 129, "tkill": 130, "ptrace": 117, "process_vm_readv": 270, "process_vm_writev": 271,
        "mount": 40, "unshare": 97, "setns": 268, "bpf": 280, "keyctl": 219,
    }),
}
# fmt: on


class _Program(ctypes.Structure):
    """``struct sock_fprog``."""

    _fields_ = (("num_instructions", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def confine() -> bool:
    """Refuse this process and its threads, for good, what decoding never needs; return whether the system does so."""
    if sys.platform != "linux" or platform.machine() not in _CALLS:
        return False
    architecture, calls = _CALLS[platform.machine()]
    instructions = _filter(architecture, [*calls.values(), *_SAME_EVERYWHERE.values()])
    program = _Program(len(instructions) // 8, instructions)
    system = ctypes.CDLL(None, use_errno=True)
    if system.prctl(_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        return False
    return system.prctl(_SET_SECCOMP, _MODE_FILTER, ctypes.byref(program), 0, 0) == 0


def _filter(architecture: int, refused: Iterable[int]) -> bytes:
    """Return a program of the Berkeley Packet Filter: refused calls fail with EPERM, all others go on."""
    lines = [
        _line(_LOAD_WORD, _ARCHITECTURE),
        _line(_JUMP_IF_EQUAL, architecture, skip_if=1),
        _line(_RETURN, _KILL),
        _line(_LOAD_WORD, _NUMBER),
        _line(_JUMP_IF_NOT_LESS, _OTHER_ABI, skip_else=1),
        _line(_RETURN, _REFUSE),
    ]
    for number in refused:
        lines += [_line(_JUMP_IF_EQUAL, number, skip_else=1), _line(_RETURN, _REFUSE)]
    return b"".join([*lines, _line(_RETURN, _ALLOW)])


def _line(code: int, value: int, *, skip_if: int = 0, skip_else: int = 0) -> bytes:
    """Return one ``struct sock_filter``; the skips are for jumps."""
    return struct.pack("=HBBI", code, skip_if, skip_else, value)
