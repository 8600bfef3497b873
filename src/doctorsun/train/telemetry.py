"""The run's diary: one JSON line per event, kept consistent over kills and resumes."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from doctorsun.storage.atomic import write_text

Event = dict[str, Any]
Listener = Callable[[Event], None]


class Telemetry:
    """Appends events to ``metrics.jsonl`` and tells a listener."""

    def __init__(self, path: Path, listener: Listener | None = None) -> None:
        self.path = path
        self.listener = listener

    def write(self, event: str, **facts: Any) -> None:
        """Append one event with the time in seconds since 1970."""
        record: Event = {"event": event, **facts, "time": round(time.time(), 3)}
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(record, ensure_ascii=False) + "\n")
        if self.listener:
            self.listener(record)

    def rewind(self, stage: str, step: int) -> None:
        """Remove what a killed run wrote of a stage after ``step``: those steps will be done again."""
        if not self.path.exists():
            return
        lines = self.path.read_text(encoding="utf-8").splitlines()
        kept = [line for line in lines if _survives(line, stage, step)]
        if kept != lines:
            write_text(self.path, "".join(f"{line}\n" for line in kept))


def _survives(line: str, stage: str, step: int) -> bool:
    try:
        record = json.loads(line)
    except ValueError:  # cut off by the kill
        return False
    if record.get("stage") != stage:
        return True
    return record["event"] == "step" and record["step"] <= step
