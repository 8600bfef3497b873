"""What every export format is: something that takes samples one by one and writes into a folder."""

import re
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from doctorsun.errors import DataError
from doctorsun.schema import Sample

_SPLIT = re.compile(r"\w+")


class SampleWriter(Protocol):
    """Files of one export, open."""

    def add(self, sample: Sample) -> None:
        """Write a sample.

        Raises:
            DataError: it is not sound: its boxes, the hash of an image, or the name of its split.
        """
        ...

    def finish(self) -> None:
        """Write what belongs at the end of the files; nothing is added after."""
        ...


@dataclass(frozen=True, slots=True)
class ExportFormat:
    """One format: its name, what it is in a line, and what opens an empty folder for it.

    Attributes:
        open: takes the folder, and where files are registered that are to be closed whatever happens.
        has_readme: a README.md belongs to it.
    """

    name: str
    summary: str
    open: Callable[[Path, ExitStack], SampleWriter]
    has_readme: bool = False


def split_name(sample: Sample) -> str:
    """Return the split of a sample, by which its file is named: test questions are never in the file of training.

    Raises:
        DataError: no file can be named so.
    """
    split = sample.source.split
    if not _SPLIT.fullmatch(split):
        raise DataError(
            f"the split of sample {sample.id}",
            got=repr(split),
            expected="a word such as train",
            do="make the store again with --set split=train",
        )
    return split
