"""The shingles of many texts, in a scratch file: those of few pairs are read again."""

import os
from array import array
from typing import BinaryIO

import numpy as np

from doctorsun.text.shingles import Hashes


class ShinglesFile:
    """Shingles of texts by their numbers, from 0.

    Args:
        file: an empty one, to be written and read; the caller closes it.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._ends = array("q", [0])
        self._is_written = True

    def add(self, hashes: Hashes) -> None:
        """Add those of the next text."""
        self._file.write(hashes.tobytes())
        self._ends.append(self._ends[-1] + hashes.nbytes)
        self._is_written = False

    def __getitem__(self, number: int) -> Hashes:
        if not self._is_written:
            self._file.flush()
            self._is_written = True
        start, end = self._ends[number], self._ends[number + 1]
        return np.frombuffer(os.pread(self._file.fileno(), end - start, start), dtype=np.uint64)
