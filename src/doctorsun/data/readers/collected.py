"""CollectedReader: several opened sources, read one after the other as one."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from doctorsun.data.readers.item import Item, Reader


@dataclass(frozen=True)
class CollectedReader:
    """Several opened sources by name, one after the other.

    Attributes:
        sample_ratios: what share of a data set its publisher draws in an epoch, by the data set's name in the samples;
            2 means twice. A mixture may take it.
    """

    readers: Mapping[str, Reader[Any]]
    sample_ratios: Mapping[str, float] = field(default_factory=dict[str, float])

    def pending(self) -> Iterator[tuple[str, Any]]:
        """Yield the items of each source with its name."""
        for name, reader in self.readers.items():
            for pending in reader.pending():
                yield name, pending

    def make(self, pending: tuple[str, Any]) -> Item:
        """Make an item with the reader of its source."""
        name, own = pending
        return self.readers[name].make(own)


def sample_ratios_of(reader: Reader[Any]) -> dict[str, float]:
    """Return the sampling ratios that a source and all below it tell; empty where none is told."""
    if not isinstance(reader, CollectedReader):
        return {}
    below = (sample_ratios_of(each) for each in reader.readers.values())
    return {name: ratio for ratios in (*below, reader.sample_ratios) for name, ratio in ratios.items()}
