"""Which files of a cache were compared with their hash, so that weights of many gigabytes are not read at every use."""

import json
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from doctorsun.errors import DataError
from doctorsun.storage.atomic import write_json

NAME = ".doctorsun-checked.json"


@dataclass(frozen=True, slots=True)
class Checked:
    """Notes in a client's cache; a file that was changed since, by its size or time, counts as never compared.

    Attributes:
        folder: the cache.
    """

    folder: Path

    def holds(self, file: Path, sha256: str) -> bool:
        """Say whether a file had this hash when it was compared, and is the same since."""
        return self._read().get(str(file)) == _note(file, sha256)

    def note(self, file: Path, sha256: str) -> None:
        """Write down that a file has this hash; a cache that cannot be written does without."""
        with suppress(DataError):
            write_json(self.folder / NAME, {**self._read(), str(file): _note(file, sha256)})

    def _read(self) -> dict[str, list[int | str]]:
        try:
            notes = json.loads((self.folder / NAME).read_bytes())
        except (OSError, ValueError):
            return {}
        return notes if isinstance(notes, dict) else {}


def _note(file: Path, sha256: str) -> list[int | str]:
    facts = file.stat()
    return [facts.st_size, facts.st_mtime_ns, facts.st_ino, sha256]
