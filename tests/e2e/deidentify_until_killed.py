"""De-identify a folder; after each file, say so and wait for a line before going on."""

import sys
from pathlib import Path

from doctorsun.data.deidentify.folder import deidentify_folder
from doctorsun.data.deidentify.key import Key
from doctorsun.data.deidentify.options import Options


def say_and_wait(done: int, total: int) -> None:
    """Print how far the work is, and read a line."""
    print(done, total, flush=True)  # noqa: T201 (the test reads it)
    sys.stdin.readline()


source, out = map(Path, sys.argv[1:])
deidentify_folder(source, out, Key(b"k" * 32), Options(read_pixels=False), on_progress=say_and_wait)
