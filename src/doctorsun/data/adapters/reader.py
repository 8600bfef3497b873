"""AdapterReader: a folder of annotated images, its adapter, and the samples that come of both."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from doctorsun.data.adapters.adapter import Adapter
from doctorsun.data.adapters.meaning import annotated_image
from doctorsun.data.adapters.vocabulary import ontology_of
from doctorsun.data.convert.conversion import converted
from doctorsun.data.readers.item import Dropped, Item
from doctorsun.data.readers.record import Record
from doctorsun.schema import Sample


@dataclass(frozen=True)
class AdapterReader:
    """An opened data set."""

    adapter: Adapter
    root: Path

    def pending(self) -> Iterator[Any]:
        """Yield what each source item is read from."""
        return self.adapter.reader.pending(self.root)

    def make(self, pending: Any) -> Item:
        """Read an item and ask all that its annotations can answer."""
        records = self.adapter.reader.read(pending, self.root)
        if isinstance(records, Dropped):
            return records
        if not records:
            return Dropped(_name_of(pending), "no_record", f"the reader {self.adapter.reader.kind} found none")
        item = _name_of(pending) if len(records) > 1 else ""
        samples = tuple(sample for record in records for sample in self._samples(record, item))
        return samples or Dropped(records[0].original_id, "nothing_to_ask")

    def _samples(self, record: Record, item: str) -> list[Sample]:
        ontology = ontology_of(self.adapter)
        annotated = annotated_image(self.adapter, record, self.root, ontology, item=item)
        seed = hashlib.sha256(f"{self.adapter.dataset}/{record.original_id}".encode()).digest()
        rng = np.random.default_rng(np.frombuffer(seed, dtype=np.uint32))
        return converted(annotated, rng, ontology)


def _name_of(pending: Any) -> str:
    """Return what an item is called by what was listed of it: its name, or the first of several things."""
    first = pending[0] if isinstance(pending, tuple) and pending else pending
    return str(getattr(first, "name", first))
