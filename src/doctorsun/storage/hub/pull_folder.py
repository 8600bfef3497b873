"""Pulling to a folder of the user's own: it is whole and checked, or not there; what was fetched is kept for later."""

import shutil
from collections.abc import Callable
from pathlib import Path

from doctorsun.storage.atomic import disk_errors, unfinished_path
from doctorsun.storage.hub.address import Address
from doctorsun.storage.hub.hub import Hub
from doctorsun.storage.hub.kinds import Kinds
from doctorsun.storage.hub.lock import Lock
from doctorsun.storage.hub.pull import PullRules, pull
from doctorsun.storage.only_writer import only_writer

CLIENT_FOLDER = ".cache"  # where Hugging Face's client notes what it fetched

PART = ".incomplete"  # of its files on their way


def pull_to(
    out: Path,
    address: Address,
    kinds: Kinds,
    hub: Hub,
    lock: Lock,
    *,
    rules: PullRules,
    check: Callable[[Path], None] = lambda _: None,
) -> None:
    """Bring the files of an address to a new folder; run again, it goes on where it stopped.

    Args:
        out: the new folder; a file, where the address names one.
        address: what to bring.
        kinds: which of its files.
        hub: where they are.
        lock: what the address is pinned to; written where it does not name the address yet.
        rules: see `PullRules`.
        check: looks at the whole folder before it takes its place.

    Raises:
        DataError: ``out`` is there already or written by another process, or as for `doctorsun.storage.hub.pull.pull`.
        RecipeError: as for `doctorsun.storage.hub.pull.pull`.
        MachineError: the files do not fit the disk.
    """
    unfinished = unfinished_path(out)
    with only_writer(out, "pull"):
        with disk_errors(out):
            unfinished.mkdir(exist_ok=True)
        try:
            pulled = pull(address, kinds, hub, lock, rules=rules, into=unfinished, called=out)
        except BaseException:
            _drop_bare(unfinished)
            raise
        check(pulled)
        with disk_errors(out):
            shutil.rmtree(unfinished / CLIENT_FOLDER, ignore_errors=True)
            pulled.rename(out)
            shutil.rmtree(unfinished, ignore_errors=True)


def _drop_bare(unfinished: Path) -> None:
    """Remove the folder of a pull that was refused before anything of a file was here."""
    files = [path for path in unfinished.rglob("*") if path.is_file() and path.stat().st_size]
    if all(path.relative_to(unfinished).parts[0] == CLIENT_FOLDER and path.suffix != PART for path in files):
        shutil.rmtree(unfinished, ignore_errors=True)
