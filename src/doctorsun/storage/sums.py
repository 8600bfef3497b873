"""``SHA256SUMS``: the hashes of a folder's files, written once they are whole and compared before they are sent."""

from collections.abc import Mapping
from pathlib import Path

from doctorsun.errors import DataError
from doctorsun.storage.atomic import sha256_file, unfinished_path, write_text

SUMS = "SHA256SUMS"


def write_sums(folder: Path, known: Mapping[str, str]) -> None:
    """Write the SHA-256 of every file in a folder, as ``sha256sum -c`` reads it.

    Args:
        folder: all its files lie directly in it, and none will change.
        known: hashes by file name that were made while a file was written; these files are not read again.

    Raises:
        MachineError: the disk is full.
        DataError: the file cannot be written for another reason.
    """
    # What a killed process left of these very sums is not part of the folder.
    files = [path for path in sorted(folder.iterdir()) if path not in {folder / SUMS, unfinished_path(folder / SUMS)}]
    lines = [f"{known.get(path.name) or sha256_file(path)}  {path.name}\n" for path in files]
    write_text(folder / SUMS, "".join(lines))


def check_sums(folder: Path) -> None:
    """Compare the files of a folder with its SHA256SUMS (lines as ``sha256sum`` writes them), where there are some.

    Raises:
        DataError: a file is missing or has another hash, or a line is damaged.
    """
    for name, wanted in read_sums(folder).items():
        path = folder / name
        found = sha256_file(path) if path.is_file() else "no such file"
        if found != wanted:
            do = "make the folder again: it is not what was finished"
            raise DataError(f"{path} has changed since {SUMS} was written", got=found, expected=wanted, do=do)


def read_sums(folder: Path) -> dict[str, str]:
    """Return the hash of each file that a folder's SHA256SUMS names; of none where there is no such file.

    Raises:
        DataError: a line is damaged.
    """
    sums = folder / SUMS
    found: dict[str, str] = {}
    for number, line in enumerate(sums.read_text(encoding="utf-8").splitlines() if sums.is_file() else (), 1):
        wanted, _, name = line.partition(" ")
        if not name:
            raise DataError(f"{sums}:{number}", got=f"'{line}'", expected="a hash, two spaces and a name")
        found[name.lstrip(" *")] = wanted
    return found
