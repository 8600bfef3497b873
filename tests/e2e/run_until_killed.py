"""Carry out the recipe ``micro`` in processes that are killed at many different file operations, then to its end.

Arguments: the folder, ``chosen`` or ``anywhere``, a seed, and settings of the recipe.
"""

import os
import random
import signal
import sys
from collections.abc import Sequence
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
    ("/stages/pretrain/checkpoints/.step-2", 30),
    ("/stages/pretrain/.weights.unfinished", 12),
    ("/stages/align/checkpoints/.step-4", 30),
    ("/metrics.jsonl", 3),
    ("/stages/deep-align/.weights.unfinished", 12),
    ("/stages/instruct/checkpoints/.step-4", 30),
    ("/stages/instruct/checkpoints/.step-8", 30),
    ("/.weights.unfinished", 10),
    ("/eval/phantom/parts/", 12),
    ("/eval/phantom/.predictions", 2),
    ("/dialogues", 3),
    ("/.run.json", 4),
    ("/.report.html", 2),
)
MOST_OPERATIONS = 150  # of a process that is killed anywhere; the run has about 1200, most of them in saves
CHANGES = {"os.rename", "os.mkdir", "os.remove", "os.rmdir"}


class Killer:
    """Counts the file operations on a part of the run's folder, and ends a process just before one of them.

    Args:
        folder: of the run.
        part: how the paths begin that count.
        operation: which one is the last.
        process: what is killed; the process that counts when None.
    """

    def __init__(self, folder: Path, part: str, operation: int, *, process: int | None = None) -> None:
        self._beginning = f"{folder}{part}"
        self._left = operation
        self._process = process

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        is_write = event == "open" and bool(arguments[2] & (os.O_WRONLY | os.O_RDWR))
        if not is_write and event not in CHANGES:
            return
        if str(arguments[0]).startswith(self._beginning):
            self._left -= 1
            if self._left == 0:
                os.kill(self._process or os.getpid(), signal.SIGKILL)


def run_in_child(folder: Path, settings: Sequence[str], killer: Killer | None) -> int:
    """Run the recipe in a process of its own; return how that ended."""
    child = os.fork()
    if child == 0:
        if killer:
            sys.addaudithook(killer)
        with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
            run("micro", out=folder, overrides=settings, console=Console(file=nowhere))
        os._exit(0)
    return os.waitpid(child, 0)[1]


def kill_at_moments(folder: Path, settings: Sequence[str], draw: random.Random) -> None:
    """Kill one process at each moment, one after the other; then let one end."""
    for part, num_operations in MOMENTS:
        operation = draw.randint(1, num_operations)
        ended = run_in_child(folder, settings, Killer(folder, part, operation))
        if ended != signal.SIGKILL:
            sys.exit(f"operation {operation} on {part} was not reached: the process ended with {ended}")
        tell(operation, part)
    if run_in_child(folder, settings, None):
        sys.exit("the last process failed")


def kill_anywhere(folder: Path, settings: Sequence[str], draw: random.Random) -> None:
    """Kill each process at one of its first operations, until one ends before it meets that."""
    ended = int(signal.SIGKILL)
    while ended == signal.SIGKILL:
        operation = draw.randint(1, MOST_OPERATIONS)
        ended = run_in_child(folder, settings, Killer(folder, "", operation))
        tell(operation, "the run")
    if ended:
        sys.exit(f"a process failed with {ended}")


def tell(operation: int, part: str) -> None:
    """Print that a process was killed."""
    print(f"killed before operation {operation} on {part}", flush=True)  # noqa: T201 (the test reads it)


if __name__ == "__main__":
    kill = {"chosen": kill_at_moments, "anywhere": kill_anywhere}[sys.argv[2]]
    kill(Path(sys.argv[1]), sys.argv[4:], random.Random(int(sys.argv[3])))
