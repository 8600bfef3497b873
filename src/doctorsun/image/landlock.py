"""Landlock for decoding processes: of all files they see libraries and one folder.

A third wall: a decoder that a file has taken over can read no key, no weights and no one's home. Only Linux knows it,
from 5.19 on and where it was not left out; elsewhere the other walls alone hold.

Source: Linux, Documentation/userspace-api/landlock.rst; include/uapi/linux/landlock.h.
"""

import ctypes
import os
import platform
import stat
import struct
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

_NO_NEW_PRIVS = 38
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same on every architecture of 64 bits
_TELL_VERSION = 1
_PATH_BENEATH = 1
_READ_FILE, _READ_DIR = 1 << 2, 1 << 3
_READ = _READ_FILE | _READ_DIR
_ALL_OF_VERSION_2 = (1 << 14) - 1
_TRUNCATE, _DEVICES = 1 << 14, 1 << 15
_LEAST_VERSION = 2  # the one before lets no file be moved from one folder to another
_WITH_TRUNCATE, _WITH_DEVICES = 3, 5
_OF_FILES = 1 | 1 << 1 | _READ_FILE | _TRUNCATE | _DEVICES  # what can be allowed for what is no folder
_EXECUTE = 1
_DEVICE_NODES = 1 << 6 | 1 << 11
_SYSTEM = (
    *("/usr/lib", "/usr/lib64", "/usr/local/lib", "/usr/share/zoneinfo", "/lib", "/lib64"),
    *("/etc/ld.so.cache", "/etc/localtime", "/dev/null", "/dev/urandom", "/proc/self", "/proc/cpuinfo"),
    "/sys/devices/system/cpu",
)


def landlock_version() -> int:
    """Return the version of Landlock that this system knows, as far as it can be used here; 0 for none."""
    if sys.platform != "linux" or platform.machine() not in ("x86_64", "aarch64"):
        return 0
    version = int(_system().syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(_TELL_VERSION)))
    return version if version >= _LEAST_VERSION else 0


def see_only(folder: Path) -> bool:
    """Leave this process nothing but libraries to read and one folder to use, for good; return whether that holds.

    Threads that run already keep what they may: call it before there are any.
    """
    version = landlock_version()
    if not version:
        return False
    handled = _ALL_OF_VERSION_2 | _TRUNCATE * (version >= _WITH_TRUNCATE) | _DEVICES * (version >= _WITH_DEVICES)
    attributes = struct.pack("=Q", handled)
    ruleset = int(_system().syscall(_CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), ctypes.c_uint32(0)))
    if ruleset < 0:
        return False
    try:
        for path in _libraries():
            _allow(ruleset, path, _READ)
        _allow(ruleset, folder, handled & ~_EXECUTE & ~_DEVICE_NODES)
        if _system().prctl(_NO_NEW_PRIVS, 1, 0, 0, 0):
            return False
        return _system().syscall(_RESTRICT_SELF, ctypes.c_int(ruleset), ctypes.c_uint32(0)) == 0
    finally:
        os.close(ruleset)


def _libraries() -> Iterable[Path]:
    """Return where Python and the libraries that it loads lie: its own folders, those of the system, those in use."""
    own = (sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix, *sys.path)
    named = (*own, *os.environ.get("LD_LIBRARY_PATH", "").split(":"), *_SYSTEM)
    paths = {Path(name) for name in named if name.startswith("/")}
    for line in Path("/proc/self/maps").read_text(encoding="utf-8", errors="replace").splitlines():
        mapped = line.partition("/")[2]
        if mapped and ".so" in mapped:
            paths.add(Path("/" + mapped).parent)
    return sorted(paths - {Path("/")})


def _allow(ruleset: int, path: Path, rights: int) -> None:
    with suppress(FileNotFoundError, NotADirectoryError, PermissionError):
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
        try:
            rights &= -1 if stat.S_ISDIR(os.fstat(place).st_mode) else _OF_FILES
            rule = struct.pack("=Qi", rights, place)
            _system().syscall(_ADD_RULE, ctypes.c_int(ruleset), ctypes.c_int(_PATH_BENEATH), rule, ctypes.c_uint32(0))
        finally:
            os.close(place)


def _system() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
