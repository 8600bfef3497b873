"""JSON files, one per split, written record by record: as one array, or one record per line."""

import json
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TextIO


class JsonArrays:
    """Files ``<split>.json``, each an array with one record per line."""

    def __init__(self, folder: Path, files: ExitStack) -> None:
        self._folder = folder
        self._closing = files
        self._files: dict[str, TextIO] = {}

    def add(self, split: str, row: dict[str, Any]) -> None:
        """Append a record to the file of its split."""
        separator = ",\n"
        if split not in self._files:
            self._files[split] = opened(self._folder / f"{split}.json", self._closing)
            separator = "[\n"
        self._files[split].write(separator + one_line(row))

    def finish(self) -> None:
        """End the arrays."""
        for file in self._files.values():
            file.write("\n]\n")


class JsonLines:
    """Files ``<split>.jsonl``."""

    def __init__(self, folder: Path, files: ExitStack) -> None:
        self._folder = folder
        self._closing = files
        self._files: dict[str, TextIO] = {}

    def add(self, split: str, row: dict[str, Any]) -> None:
        """Append a record to the file of its split."""
        if split not in self._files:
            self._files[split] = opened(self._folder / f"{split}.jsonl", self._closing)
        self._files[split].write(one_line(row) + "\n")


def opened(path: Path, files: ExitStack) -> TextIO:
    """Open a new text file that is closed with others."""
    return files.enter_context(path.open("w", encoding="utf-8", newline="\n"))


def one_line(row: dict[str, Any]) -> str:
    """Return a record as one line of JSON, in the script of its words."""
    return json.dumps(row, ensure_ascii=False)
