"""Parts: answers as they come, in small atomic Parquet files, so that a killed run goes on where it stopped."""

import logging
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from doctorsun.errors import DataError
from doctorsun.eval.predictions import read_keyed_predictions, write_predictions
from doctorsun.schema import Prediction

logger = logging.getLogger(__name__)

_ROWS_PER_PART = 128
_MAX_WAIT_S = 30.0


class Parts:
    """The answers of one evaluation folder, each under the key of its question, image, model and decoding.

    Parts are only ever added; one that cannot be read is set aside, and its questions are asked again. Leaving the
    ``with`` block, by an error too, writes what has come so far.

    Args:
        folder: of the parts.
        rows_per_part: a part is written when it has so many rows, or when its first has waited half a minute.
        clock: gives the seconds of some clock that never goes back.
    """

    def __init__(
        self, folder: Path, *, rows_per_part: int = _ROWS_PER_PART, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.folder = folder
        self._rows_per_part = rows_per_part
        self._clock = clock
        self._first_came_at = 0.0
        self._pending: dict[str, Prediction] = {}
        self.rows: dict[str, Prediction] = {}
        paths = sorted(folder.glob("part-*.parquet"))
        self._next = int(paths[-1].stem.removeprefix("part-")) + 1 if paths else 0
        for path in paths:
            try:
                answers = read_keyed_predictions(path)
            except DataError as error:
                logger.warning("%s; its questions are asked again", error)
                path.rename(path.with_suffix(".damaged"))
                continue
            for row, key in answers:
                self._keep(key, row)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.flush()

    def is_answered(self, key: str) -> bool:
        """Say whether there is an answer under this key; a failed one is asked again."""
        return key in self.rows and self.rows[key].status == "ok"

    def add(self, key: str, row: Prediction) -> None:
        """Take an answer; it is on disk once its part is full or has waited, or the block ends."""
        self._keep(key, row)
        if not self._pending:
            self._first_came_at = self._clock()
        self._pending[key] = row
        if len(self._pending) >= self._rows_per_part or self._clock() - self._first_came_at >= _MAX_WAIT_S:
            self.flush()

    def flush(self) -> None:
        """Write what waits as one more part."""
        if self._pending:
            path = self.folder / f"part-{self._next:06d}.parquet"
            write_predictions(path, list(self._pending.values()), list(self._pending))
            self._next += 1
            self._pending.clear()

    def _keep(self, key: str, row: Prediction) -> None:
        if row.status == "ok" or not self.is_answered(key):
            self.rows[key] = row
