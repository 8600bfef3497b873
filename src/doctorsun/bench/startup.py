"""How long the package and its command take to start, next to their targets."""

import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Any

from doctorsun.errors import MachineError

IMPORT_TARGET_S = 0.2
"""``import doctorsun`` beyond the start of a bare interpreter."""
HELP_TARGET_S = 0.5
"""``doctorsun --help``, the interpreter's own start included."""


def measure_startup(num_runs: int = 5) -> dict[str, Any]:
    """Time the start of a bare interpreter, of the import and of the command's help, each in its own process.

    Returns:
        Medians in seconds, the targets, and whether both are met.

    Raises:
        MachineError: one of the commands fails.
    """
    bare_s = median_wall_s([sys.executable, "-c", "pass"], num_runs)
    import_s = median_wall_s([sys.executable, "-c", "import doctorsun"], num_runs) - bare_s
    help_s = median_wall_s([sys.executable, "-m", "doctorsun", "--help"], num_runs)
    return {
        "num_runs": num_runs,
        "bare_python_s": bare_s,
        "import_s": import_s,
        "import_target_s": IMPORT_TARGET_S,
        "help_s": help_s,
        "help_target_s": HELP_TARGET_S,
        "met": import_s <= IMPORT_TARGET_S and help_s <= HELP_TARGET_S,
    }


def median_wall_s(command: Sequence[str], num_runs: int) -> float:
    """Run a command and return the median of its wall-clock seconds; a first run that warms the disk is left out.

    Raises:
        MachineError: the command exits with another status than 0.
    """
    return statistics.median([_wall_s(command) for _ in range(num_runs + 1)][1:])


def _wall_s(command: Sequence[str]) -> float:
    start = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 (our own commands)
    if done.returncode != 0:
        raise MachineError(
            f"cannot time {' '.join(command)}",
            got=f"exit status {done.returncode}: {done.stderr.strip()[-300:]}",
            expected="exit status 0",
            do="run the command by hand",
        )
    return time.perf_counter() - start
