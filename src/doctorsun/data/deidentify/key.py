"""Key: the secret from which pseudonyms, unique identifiers and shifts of dates are derived."""

import hmac
import json
import os
import secrets
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from doctorsun.errors import DataError
from doctorsun.storage.atomic import disk_errors
from doctorsun.storage.real_path import real_path

KEY_VARIABLE, DEFAULT_KEY = "DOCTORSUN_DEIDENTIFICATION_KEY", "~/.config/doctorsun/deidentification.key"
LEAST_CHARACTERS = 32
MOST_DAYS = 3650
OTHERS_MAY = 0o077


@dataclass(frozen=True, slots=True)
class Key:
    """Derives stand-ins that are the same in every run with this secret, and tell nothing without it.

    Attributes:
        secret: bytes that nobody outside may learn.
    """

    secret: bytes = field(repr=False)

    def uid(self, old: str) -> str:
        """Return the unique identifier that stands for another one.

        Source: PS3.5 B.2 (root 2.25 and the number of a UUID), RFC 9562 5.8 (UUIDs of an own making).
        """
        number = int.from_bytes(self._digest("uid", old)[:16])
        own = number & ~(0xF << 76) | 8 << 76  # version 8
        return f"2.25.{UUID(int=own & ~(3 << 62) | 2 << 62).int}"  # the variant of RFC 9562

    def pseudonym(self, kind: str, value: str) -> str:
        """Return 16 hexadecimal digits, in capitals, that stand for a value of a kind: "patient", "accession", "file".

        They fit every value representation of DICOM that holds texts, and every file system.
        """
        return self._digest(kind, value)[:8].hex().upper()

    def shift_days(self, patient: str) -> int:
        """Return by how many days all dates of a patient move: 1 to 3,650 days into the past."""
        return -1 - int.from_bytes(self._digest("days", patient)[:8]) % MOST_DAYS

    def _digest(self, kind: str, value: str) -> bytes:
        return hmac.digest(self.secret, f"{kind}\x1f{value}".encode(), "sha256")


def default_key_path() -> Path:
    """Return the file that DOCTORSUN_DEIDENTIFICATION_KEY names, else one in the folder of this user's settings."""
    return Path(os.environ.get(KEY_VARIABLE) or DEFAULT_KEY).expanduser()


def open_key(path: Path, *, outside: tuple[Path, ...] = ()) -> Key:
    """Read the key of a file, which is made at its first use and then readable by its owner alone.

    Args:
        path: the file.
        outside: folders that it may not lie in, since who has them would have the key.

    Raises:
        DataError: it lies in one of these, others may read it, or it holds too little.
        MachineError: the disk is full.
    """
    for folder in outside:
        if real_path(path).is_relative_to(real_path(folder)):
            expected = f"a file outside {folder}"
            raise DataError(f"the key {path}", got=f"a file in {folder}", expected=expected, do="name another by --key")
    if not path.exists():
        _make(path)
    if path.stat().st_mode & OTHERS_MAY:
        do = f"chmod 600 {path}; a key that others have read protects nothing"
        raise DataError(f"the key {path}", got="a file that others may read", expected="the owner alone", do=do)
    secret = path.read_bytes().strip()
    if len(secret) < LEAST_CHARACTERS:
        do = "name a file that is not there, and a key is made; or write 64 random hexadecimal digits"
        raise DataError(
            f"the key {path}",
            got=f"{len(secret)} characters",
            expected=f"at least {LEAST_CHARACTERS}",
            do=do,
        )
    return Key(secret)


def write_beside(path: Path, out: Path, left: Mapping[str, Path]) -> Path:
    """Write the old names of files that were not written beside the key, which is as secret as they are.

    Args:
        path: the key.
        out: the folder of what was written, whose name the list gets.
        left: files, by what stands for them in the report.

    Returns:
        The list, readable by its owner alone.

    Raises:
        MachineError: the disk is full.
    """
    listed = path.with_name(f"{path.name}.{real_path(out).name}.not-written.json")
    content = json.dumps({each: str(name) for each, name in left.items()}, ensure_ascii=False, indent=1, sort_keys=True)
    with disk_errors(listed), _for_owner(listed, f"{content}\n") as unfinished:
        unfinished.rename(listed)
    return listed


def _make(path: Path) -> None:
    """Make a key; where another process does so at the same time, the first one's stays."""
    with disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with _for_owner(path, f"{secrets.token_hex(32)}\n") as unfinished, suppress(FileExistsError):
            path.hardlink_to(unfinished)


@contextmanager
def _for_owner(path: Path, text: str) -> Generator[Path]:
    """Give an unfinished file that only its owner can read; it goes when the block ends, unless it got a name."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        yield unfinished
    finally:
        unfinished.unlink(missing_ok=True)
