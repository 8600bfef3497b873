"""The whole road of a data set: its shipped adapter, its reader, a store, and what the store holds."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from doctorsun.data.adapters.load import load_adapter
from doctorsun.data.adapters.reader import AdapterReader
from doctorsun.data.pipeline import read_into
from doctorsun.schema import Sample
from doctorsun.storage.store import Store


@dataclass(frozen=True)
class Converted:
    """A store made from a miniature."""

    store: Store
    samples: tuple[Sample, ...]

    def images(self) -> dict[str, Sample]:
        """Return one sample of each image, by the data set's own name of it."""
        return {sample.source.original_id: sample for sample in self.samples}

    def splits(self) -> dict[str, str]:
        """Return the split of each image."""
        return {name: sample.source.split for name, sample in self.images().items()}

    def labels(self) -> dict[str, tuple[str, ...]]:
        """Return what each image shows."""
        return {name: sample.labels for name, sample in self.images().items()}

    def of(self, name: str) -> tuple[Sample, ...]:
        """Return the samples of one image."""
        return tuple(sample for sample in self.samples if sample.source.original_id == name)


def convert(adapter: str, root: Path, out: Path) -> Converted:
    """Convert a data set; every image speaks both languages, and no patient stands in two splits."""
    reader = AdapterReader(load_adapter(adapter), root)
    store = read_into(out, reader, name=adapter, step={"step": "convert"}, on_progress=lambda _done, _total: None)
    samples = tuple(store)
    check_shared(samples)
    return Converted(store, samples)


def check_shared(samples: Iterable[Sample]) -> None:
    """Check what holds for every data set: languages, splits of patients, licence, address, and bytes of images."""
    languages: defaultdict[str, set[str]] = defaultdict(set)
    splits: defaultdict[str, set[str]] = defaultdict(set)
    for sample in samples:
        languages[sample.source.original_id].add(sample.language)
        assert sample.source.licence != "unknown" or sample.source.dataset in NO_LICENCE
        assert sample.source.url.startswith("https://")
        assert sample.images[0].bytes
        if sample.groups.patient:
            splits[sample.groups.patient].add(sample.source.split)
    assert all(found >= {"zh", "en"} for found in languages.values()), languages
    assert all(len(found) == 1 for found in splits.values()), splits


NO_LICENCE = ("busi",)
"""Data sets whose publisher states no licence."""
