"""Carry out the recipe ``micro`` in processes that are killed at many different file operations, then to its end."""

import os
import random
import signal
import sys
from pathlib import Path
from typing import Any

from rich.console import Console

import doctorsun.recipes.evaluate
import doctorsun.recipes.stages  # noqa: F401 (imported once, before the processes part)
from doctorsun.recipes.run import run

# Where each process is killed, in the order of a run: the beginning of a path, and how many operations it meets.
MOMENTS = (
    ("/stores/documents/train/", 10),
    ("/stores/phantom/train/", 10),
    ("/processor/", 16),
    ("/.start.unfinished", 12),
    ("/stages/pretrain/checkpoints/.step-2", 6),
    ("/stages/pretrain/.weights.unfinished", 12),
    ("/stages/align/checkpoints/.step-4", 5),
    ("/metrics.jsonl", 3),
    ("/stages/deep-align/.weights.unfinished", 12),
    ("/stages/instruct/checkpoints/.step-4", 5),
    ("/stages/instruct/checkpoints/.step-8", 5),
    ("/.weights.unfinished", 10),
    ("/eval/phantom/parts/", 12),
    ("/eval/phantom/.predictions", 2),
    ("/dialogues", 3),
    ("/.run.json", 4),
    ("/.report.html", 2),
)
CHANGES = {"os.rename", "os.mkdir", "os.remove", "os.rmdir"}


class Killer:
    """Counts the file operations on a part of the run's folder, and ends the process just before one of them."""

    def __init__(self, folder: Path, part: str, operation: int) -> None:
        self._beginning = f"{folder}{part}"
        self._left = operation

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        is_write = event == "open" and bool(arguments[2] & (os.O_WRONLY | os.O_RDWR))
        if not is_write and event not in CHANGES:
            return
        if str(arguments[0]).startswith(self._beginning):
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)


def run_in_child(folder: Path, killer: Killer | None) -> int:
    """Run the recipe in a process of its own; return how that ended."""
    child = os.fork()
    if child == 0:
        if killer:
            sys.addaudithook(killer)
        with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
            run("micro", out=folder, console=Console(file=nowhere))
        os._exit(0)
    return os.waitpid(child, 0)[1]


def main(folder: Path, seed: int) -> None:
    """Kill one process at each moment, one after the other; then let one end."""
    draw = random.Random(seed)
    for part, num_operations in MOMENTS:
        operation = draw.randint(1, num_operations)
        ended = run_in_child(folder, Killer(folder, part, operation))
        if ended != signal.SIGKILL:
            sys.exit(f"operation {operation} on {part} was not reached: the process ended with {ended}")
        print(f"killed before operation {operation} on {part}", flush=True)  # noqa: T201 (the test reads it)
    sys.exit(0 if run_in_child(folder, None) == 0 else "the last process failed")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
