"""The stores that are curated, as one long list of samples, and the jobs that they make."""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path

from doctorsun.config.curation import Curation
from doctorsun.data.curate.shard_job import ShardJob
from doctorsun.schema import Sample
from doctorsun.storage.store import Store

_ROW_GROUPS_IN_MEMORY = 16


class Inputs:
    """Samples of several stores by their places among all, a few of them in memory.

    Args:
        folders: of the stores, in their order.
    """

    def __init__(self, folders: Sequence[Path]) -> None:
        self.stores = tuple(Store(folder, cached_row_groups=_ROW_GROUPS_IN_MEMORY) for folder in folders)
        self._first_places = list(accumulate((len(store) for store in self.stores), initial=0))

    def __len__(self) -> int:
        return self._first_places[-1]

    def __getitem__(self, place: int) -> Sample:
        """Return the sample at a place.

        Raises:
            DataError: the shard is damaged.
        """
        store, row = self._locate(place)
        return store[row]

    def without_bytes(self, place: int) -> Sample:
        """Return a sample with the bytes of its images left out."""
        store, row = self._locate(place)
        return store.without_bytes(row)

    def jobs(self, out: Path, settings: Curation, *, with_traces: bool) -> tuple[ShardJob, ...]:
        """Return a job for every shard that has rows.

        Args:
            out: the new store.
            settings: of every step.
            with_traces: see `ShardJob`.
        """
        jobs: list[ShardJob] = []
        first_place = 0
        for store in self.stores:
            folder = store.folder.resolve()
            for shard in store.manifest.shards:
                if shard.num_rows:
                    jobs.append(ShardJob(len(jobs), folder, shard, first_place, out.resolve(), settings, with_traces))
                first_place += shard.num_rows
        return tuple(jobs)

    def _locate(self, place: int) -> tuple[Store, int]:
        number = bisect_right(self._first_places, place) - 1
        return self.stores[number], place - self._first_places[number]
