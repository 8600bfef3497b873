"""The real command, run in a process of its own."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

# One thread: products this small are slower on two, and equal weights need equal threads.
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1", "LC_ALL": "C.UTF-8"}


@dataclass(frozen=True)
class Done:
    """A command that has ended."""

    status: int
    output: str
    errors: str


def doctorsun(*arguments: str | Path) -> Done:
    """Run the command to its end."""
    command = [sys.executable, "-m", "doctorsun", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=ENVIRONMENT)
    return Done(done.returncode, done.stdout, done.stderr)
