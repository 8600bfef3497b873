"""The process that decodes what clients send: few rights, little memory, and nothing in it worth stealing.

Started by `doctorsun.image.sandbox` with its connection as standard input and its limits as the only argument.
"""

import errno
import json
import math
import os
import resource
import socket
import sys
import time
from pathlib import Path
from typing import Any

from doctorsun.errors import DoctorSunError
from doctorsun.image.confinement import confine
from doctorsun.image.landlock import see_only
from doctorsun.image.sandbox_channel import Channel
from doctorsun.image.study.show import describe, render, sanitise, series_from_json
from doctorsun.storage.atomic import DISK_FAILS, DISK_FULL

MAX_OPEN_FILES = 64
_OF_THE_DISK = (*DISK_FULL, *DISK_FAILS, errno.ENOENT)
"""Others are of the file: decoders seek to places that are none."""


def main() -> None:
    """Answer one task after the other until the gateway hangs up."""
    limits = json.loads(sys.argv[1])
    channel = _own_channel()
    _limit(resource.RLIMIT_AS, limits["memory_bytes"])
    _limit(resource.RLIMIT_FSIZE, limits["file_bytes"])
    _limit(resource.RLIMIT_NOFILE, MAX_OPEN_FILES)
    _limit(resource.RLIMIT_CORE, 0)
    os.umask(0o077)
    if limits["folder"]:
        see_only(Path(limits["folder"]))
    confine()
    while True:
        try:
            task, data = channel.receive()
        except EOFError:
            return
        _allow_cpu(limits["cpu_s"])
        reply, result = _answer(task, data)
        channel.send(reply, result)


def _answer(task: dict[str, Any], data: bytes) -> tuple[dict[str, Any], bytes]:
    """Do a task; whatever goes wrong is told without the words of libraries, which may quote the file."""
    try:
        return _do(task, data)
    except DoctorSunError as error:
        fault = {"what": error.what, "got": _without_quotation(error), "expected": error.expected, "do": error.do}
        return {"fault": fault}, b""
    except MemoryError:
        return {"fault": {"what": "the file", "got": "more memory needed than decoding may take"}}, b""
    except Exception as error:  # noqa: BLE001 (decoders raise errors of every type on damaged data)
        if isinstance(error, OSError) and error.errno in _OF_THE_DISK:
            return {"errno": error.errno}, b""
        got, do = type(error).__name__, "copy the file again or leave it out"
        return {"fault": {"what": "the file is damaged", "got": got, "do": do}}, b""


def _without_quotation(error: DoctorSunError) -> str:
    """Return what was got; of a library's error, which is told as its type and its words, the type alone."""
    kind = type(error.__cause__).__name__
    return kind if error.got.startswith(f"{kind}:") else error.got


def _do(task: dict[str, Any], data: bytes) -> tuple[dict[str, Any], bytes]:
    max_pixels = int(task["max_pixels"])
    if task["do"] == "sanitise":
        return {}, sanitise(data, max_pixels=max_pixels)
    os.chdir(task["folder"])
    if task["do"] == "describe":
        return describe(Path(), max_bytes=int(task["max_bytes"]), max_pixels=max_pixels), b""
    series = series_from_json(task["series"])
    return {}, render(Path(), series, int(task["slice"]), str(task["window"]), max_pixels=max_pixels)


def _own_channel() -> Channel:
    """Take the connection away from standard input; libraries that print then spoil no message."""
    connection = socket.socket(fileno=os.dup(0))
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    return Channel(connection)


def _limit(kind: int, most: int) -> None:
    hard = resource.getrlimit(kind)[1]
    most = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(kind, (most, most))


def _allow_cpu(seconds: int) -> None:
    """Let the next task take some processor seconds; the system then ends this process."""
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    most = math.ceil(time.process_time()) + seconds
    resource.setrlimit(resource.RLIMIT_CPU, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


if __name__ == "__main__":
    main()
