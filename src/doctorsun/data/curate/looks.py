"""A second look at few samples, by their places: their pictures, and their words as the row steps left them."""

from bisect import bisect_right
from collections.abc import Sequence
from functools import lru_cache

import pyarrow as pa

from doctorsun.data.curate.inputs import Inputs
from doctorsun.data.curate.shard_job import ShardJob, read_work
from doctorsun.data.curate.sketch import told
from doctorsun.schema import Sample
from doctorsun.storage.store_schema import SAMPLE_SCHEMA, RowGroup


class Looks:
    """Reads again what a sketch leaves out.

    Args:
        inputs: the stores.
        jobs: theirs, examined.
    """

    def __init__(self, inputs: Inputs, jobs: Sequence[ShardJob]) -> None:
        self._inputs = inputs
        self._jobs = jobs
        self._ends = [job.places.stop for job in jobs]
        self._changed = lru_cache(maxsize=16)(self._read_changed)

    def picture(self, place: int, number: int) -> bytes | None:
        """Return the encoded image of a sample by its number there; None of one that is only named."""
        return self._inputs[place].images[number].bytes

    def words(self, place: int) -> str:
        """Return all that a sample says."""
        return told(self.sample(place))

    def sample(self, place: int) -> Sample:
        """Return a sample without the bytes of its images."""
        changed, rows = self._changed(bisect_right(self._ends, place))
        if place not in rows:
            return self._inputs.without_bytes(place)
        return RowGroup(changed.slice(rows[place], 1))[0]

    def _read_changed(self, number: int) -> tuple[pa.Table, dict[int, int]]:
        table = read_work(self._jobs[number].file("changed"))
        rows = {place: row for row, place in enumerate(table["place"].to_pylist())}
        return table.select(SAMPLE_SCHEMA.names), rows
