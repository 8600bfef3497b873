"""Journal: one line per file that was looked at, by which interrupted work goes on; no old name or value is in it."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from doctorsun.data.deidentify.action import Action
from doctorsun.storage.appended import append_line
from doctorsun.storage.atomic import write_text

State = Literal["written", "part", "refused", "unknown"]
NOT_WRITTEN: tuple[State, ...] = ("refused", "unknown")


@dataclass(frozen=True, slots=True)
class Entry:
    """What became of one file.

    Attributes:
        id: stands for its path.
        seen: stands for its path, size and time: another one where the file has changed.
        state: written; part of another file, which tells what became of both; refused, since it cannot be made clean;
            or of an unknown format, and not written.
        format: its format; empty where it is unknown.
        file: its new path in the folder; empty where it was not written.
        reason: why it was not written.
        actions: part, deed, rule and how often.
    """

    id: str
    seen: str
    state: State
    format: str = ""
    file: str = ""
    reason: str = ""
    actions: tuple[tuple[str, str, str, int], ...] = ()


def counted(actions: Iterable[Action]) -> tuple[tuple[str, str, str, int], ...]:
    """Gather equal actions, with how often each was done, in the order of their first."""
    counts = Counter((action.where, action.what, action.why) for action in actions)
    return tuple((where, what, why, number) for (where, what, why), number in counts.items())


class Journal:
    """The lines of one folder.

    Args:
        path: the file; its last line, where it is not whole, is left out.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.entries = {entry.id: entry for entry in read_journal(path)}

    def add(self, entry: Entry) -> None:
        """Add a line, which is on the disk when this returns."""
        append_line(self.path, _line(entry))
        self.entries[entry.id] = entry

    def close(self) -> None:
        """Write the lines anew, one per file, in order: the same however often the work was interrupted."""
        write_text(self.path, "".join(f"{_line(self.entries[each])}\n" for each in sorted(self.entries)))


def read_journal(path: Path) -> Iterator[Entry]:
    """Yield the entries of a journal; of a file that was looked at twice, all."""
    if not path.exists():
        return
    with path.open(encoding="utf-8", errors="replace") as file:
        for line in file:
            try:
                content = json.loads(line)
            except ValueError:  # cut off when the process was killed
                continue
            yield Entry(**content | {"actions": tuple(tuple(action) for action in content["actions"])})


def _line(entry: Entry) -> str:
    return json.dumps(asdict(entry), ensure_ascii=False)
