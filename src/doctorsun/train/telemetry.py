"""The run's diary: one JSON line per event, kept consistent over kills and resumes, and told to whoever listens."""

import json
import math
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from doctorsun.storage.atomic import write_bytes, write_text

Event = dict[str, Any]
Listener = Callable[[Event], None]


@runtime_checkable
class Sink(Protocol):
    """Another place where the events of stages go."""

    def rewind(self, stage: str, kept: Sequence[Event], removed: Sequence[Event]) -> None:
        """Begin or go on with a stage.

        Args:
            stage: its name.
            kept: events of the stage that earlier processes wrote and that hold.
            removed: those after them, of steps that will be done again.
        """
        ...

    def write(self, event: Event) -> None:
        """Take an event, of whatever kind."""
        ...

    def close(self) -> None:
        """Write what is left."""
        ...


class Telemetry:
    """Appends events to ``metrics.jsonl`` and tells a listener; half a line that a kill left at its end is removed.

    Args:
        path: of ``metrics.jsonl``.
        listener: hears every event.
        sinks: take every event too, and go back with the diary.
    """

    def __init__(self, path: Path, listener: Listener | None = None, sinks: Sequence[Sink] = ()) -> None:
        self.path = path
        self.listener = listener
        self.sinks = tuple(sinks)
        self._remove_half_line()

    def write(self, event: str, **facts: Any) -> None:
        """Append one event with the time in seconds since 1970.

        JSON knows no NaN and no infinity: such a number is written as null, and ``not_finite`` names what it was.
        """
        odd: dict[str, str] = {}
        finite = _finite(facts, odd)
        record: Event = {"event": event, **finite, "time": round(time.time(), 3)}
        if odd:
            record["not_finite"] = odd
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(record, ensure_ascii=False, allow_nan=False) + "\n")
        if self.listener:
            self.listener(record)
        for sink in self.sinks:
            sink.write(record)

    def rewind(self, stage: str, step: int) -> None:
        """Remove what an earlier process wrote of a stage after ``step``: those steps will be done again."""
        lines = self.path.read_text(encoding="utf-8").split("\n")[:-1] if self.path.exists() else []
        events = [_parse(line) for line in lines]
        survives = [event is not None and _survives(event, stage, step) for event in events]
        if not all(survives):
            kept = (f"{line}\n" for line, stays in zip(lines, survives, strict=True) if stays)
            write_text(self.path, "".join(kept))
        of_stage = [(event, stays) for event, stays in zip(events, survives, strict=True) if _is_of(event, stage)]
        for sink in self.sinks:
            sink.rewind(
                stage, [e for e, stays in of_stage if e and stays], [e for e, stays in of_stage if e and not stays]
            )

    def close(self) -> None:
        """Let all sinks write what is left."""
        for sink in self.sinks:
            sink.close()

    def _remove_half_line(self) -> None:
        written = self.path.read_bytes() if self.path.exists() else b""
        whole = written[: written.rfind(b"\n") + 1]
        if whole != written:
            write_bytes(self.path, whole)


class NoTelemetry(Telemetry):
    """The diary as all ranks but the first have it: they write nothing.

    Args:
        path: where the first rank writes.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.listener = None
        self.sinks = ()

    def write(self, event: str, **facts: Any) -> None:
        """Write nothing."""

    def rewind(self, stage: str, step: int) -> None:
        """Remove nothing."""


def _finite(value: Any, odd: dict[str, str], path: str = "") -> Any:
    """Return a value with None for each number that is not finite; note these, each under its dotted path."""
    if isinstance(value, Mapping):
        return {name: _finite(each, odd, f"{path}.{name}" if path else str(name)) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(each, odd, f"{path}.{index}") for index, each in enumerate(value)]
    if isinstance(value, float) and not math.isfinite(value):
        odd[path] = "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
        return None
    return value


def _parse(line: str) -> Event | None:
    """Return the event of a line; None of a damaged one, of which nothing can be said."""
    try:
        event = json.loads(line)
    except ValueError:
        return None
    return event if isinstance(event, dict) else None


def _is_of(event: Event | None, stage: str) -> bool:
    return event is not None and event.get("stage") == stage


def _survives(event: Event, stage: str, step: int) -> bool:
    return event.get("stage") != stage or event.get("step", step + 1) <= step
