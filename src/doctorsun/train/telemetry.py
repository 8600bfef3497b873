"""The run's diary: one JSON line per event, kept consistent over kills and resumes."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from doctorsun.storage.atomic import write_bytes, write_text

Event = dict[str, Any]
Listener = Callable[[Event], None]


class Telemetry:
    """Appends events to ``metrics.jsonl`` and tells a listener; half a line that a kill left at its end is removed."""

    def __init__(self, path: Path, listener: Listener | None = None) -> None:
        self.path = path
        self.listener = listener
        self._remove_half_line()

    def write(self, event: str, **facts: Any) -> None:
        """Append one event with the time in seconds since 1970."""
        record: Event = {"event": event, **facts, "time": round(time.time(), 3)}
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(record, ensure_ascii=False) + "\n")
        if self.listener:
            self.listener(record)

    def rewind(self, stage: str, step: int) -> None:
        """Remove what an earlier process wrote of a stage after ``step``: those steps will be done again."""
        if not self.path.exists():
            return
        lines = self.path.read_text(encoding="utf-8").split("\n")[:-1]
        kept = [line for line in lines if _survives(line, stage, step)]
        if kept != lines:
            write_text(self.path, "".join(f"{line}\n" for line in kept))

    def _remove_half_line(self) -> None:
        written = self.path.read_bytes() if self.path.exists() else b""
        whole = written[: written.rfind(b"\n") + 1]
        if whole != written:
            write_bytes(self.path, whole)


def _survives(line: str, stage: str, step: int) -> bool:
    try:
        record = json.loads(line)
    except ValueError:  # damaged: nothing can be said of it
        return False
    return record.get("stage") != stage or record.get("step", step + 1) <= step
