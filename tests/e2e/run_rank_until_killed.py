"""One rank of the recipe ``micro``, as torchrun starts it: in the first attempt a rank is killed within a save.

Arguments: the folder, and which rank is killed: ``none``, ``first`` or ``other``.
"""

import os
import sys
from pathlib import Path

from rich.console import Console
from run_until_killed import Killer

import doctorsun.recipes.stages  # noqa: F401 (its files are no part of the run)
from doctorsun.errors import DoctorSunError
from doctorsun.recipes.run import run

MOMENT = ("/stages/deep-align/checkpoints/.step-4", 12)


def sibling() -> int:
    """Return the process of the other rank."""
    parent = os.getppid()
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text(encoding="utf-8").split()
    return next(int(child) for child in children if int(child) != os.getpid())


def main(folder: Path, victim: str) -> None:
    """Run the recipe to its end, or to that of a rank."""
    if os.environ["RANK"] == "0" and os.environ["TORCHELASTIC_RESTART_COUNT"] == "0" and victim != "none":
        process = os.getpid() if victim == "first" else sibling()
        sys.addaudithook(Killer(folder, *MOMENT, process=process))
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        run("micro", out=folder, console=Console(file=nowhere))


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]), sys.argv[2])
    except DoctorSunError as error:
        print(error, file=sys.stderr, flush=True)  # noqa: T201 (the test shows it)
        sys.exit(error.exit_status)
