"""The log-probabilities of replies under a stage's start weights, kept in one file that a kill leaves readable."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from doctorsun.storage.atomic import disk_errors, write_text
from doctorsun.train.preference import Reference

FILE = "reference.jsonl"
Left = list[list[Any]]
"""Samples that could not be read: pool, row, name, reason."""


class ReferenceFile:
    """One JSON line for each sample, by its key, and one for each plan whose samples are all there.

    A line that cannot be read is left out, so that its sample is measured again; a file of other settings is begun
    anew.

    Args:
        path: of the file.
        settings: names all that the numbers depend on besides the samples: weights, precision, lengths.
    """

    def __init__(self, path: Path, settings: str) -> None:
        self.path = path
        self.settings = settings

    def read(self) -> tuple[Reference, dict[str, Left]]:
        """Return what is known, and which plans are complete with what they leave out; begin the file where needed.

        Raises:
            MachineError: the disk is full, here and in every method.
        """
        reference: Reference = {}
        plans: dict[str, Left] = {}
        lines = self.path.read_bytes().split(b"\n") if self.path.exists() else []
        records = [record for line in lines if (record := _parsed(line)) is not None]
        if not records or records[0] != {"settings": self.settings}:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            write_text(self.path, _line({"settings": self.settings}))
            return {}, {}
        for record in records[1:]:
            match record:
                case {"key": str(key), "log_probabilities": list(values)}:
                    reference[key] = tuple(map(float, values))
                case {"plan": str(plan), "left_out": list(left)}:
                    plans[plan] = left
                case _:
                    continue
        if lines[-1]:  # half a line, behind which nothing can be appended
            write_text(self.path, "".join(map(_line, records)))
        return reference, plans

    def add(self, rows: Mapping[str, Iterable[float]]) -> None:
        """Append samples with the log-probabilities of their replies."""
        self._append("".join(_line({"key": key, "log_probabilities": list(row)}) for key, row in rows.items()))

    def close_plan(self, plan: str, left_out: Left) -> None:
        """Record that all samples of a plan are there but those that could not be read."""
        self._append(_line({"plan": plan, "left_out": left_out}))

    def _append(self, text: str) -> None:
        with disk_errors(self.path), self.path.open("a", encoding="utf-8") as file:
            file.write(text)


def _line(record: Mapping[str, Any]) -> str:
    return json.dumps(record, ensure_ascii=False) + "\n"


def _parsed(line: bytes) -> dict[str, Any] | None:
    try:
        record = json.loads(line)
    except ValueError:
        return None
    return record if isinstance(record, dict) else None
