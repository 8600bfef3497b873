"""The stores of a run: made from the recipe's sources, or opened where they lie."""

import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from doctorsun.config import Recipe
from doctorsun.config.data import SourceSection, Split, StoreSource, VqaRadSource
from doctorsun.data.pipeline import build_store, is_made, splits_of
from doctorsun.errors import DataError
from doctorsun.recipes.addresses import usual_rules
from doctorsun.storage.counts import COUNTED_COLUMNS
from doctorsun.storage.hub.kinds import STORE
from doctorsun.storage.hub.materialise import materialise
from doctorsun.storage.hub.pull import PullRules
from doctorsun.storage.store import Store, store_is_complete
from doctorsun.storage.store_part import StorePart, open_split

StoreProgress = Callable[[str, int, int | None], None]


class RunStores:
    """Opens, and where needed makes, the stores that a recipe names."""

    def __init__(
        self, recipe: Recipe, run: Path, on_progress: StoreProgress, *, rules: PullRules | None = None
    ) -> None:
        self.recipe = recipe
        self.run = run
        self.on_progress = on_progress
        self.rules = rules or usual_rules()
        self._brought: dict[str, Path] = {}

    def open(self, source: str, split: Split) -> Store:
        """Return the store of a source's split; one at an address is pulled into a cache.

        Raises:
            DataError: its raw files cannot be read, the store is damaged or holds no sample of the split, or a hub
                does not give it.
            MachineError: a store that is pulled does not fit the disk.
        """
        section, name = self._section(source), f"{source}/{split}"
        if isinstance(section, StoreSource):
            return open_split(self._bring(name, section.splits[split], self.rules), split)
        return build_store(
            source,
            section,
            split,
            self._folder(source, split),
            seed=self.recipe.seed,
            on_progress=lambda done, total: self.on_progress(name, done, total),
        )

    def open_all(self) -> dict[str, Store]:
        """Make every split of every source; return them by ``source/split``."""
        return {f"{source}/{split}": self.open(source, split) for source, split in self._all()}

    def find_all(self) -> dict[str, Store] | None:
        """Return every store without making any; None where one is missing, damaged or of other settings."""
        found: dict[str, Store] = {}
        for source, split in self._all():
            store = self.find(source, split)
            if store is None:
                return None
            found[f"{source}/{split}"] = store
        return found

    def find(self, source: str, split: Split) -> Store | None:
        """Return the store of a source's split without making it; None where it is missing, damaged or another."""
        section = self._section(source)
        try:
            if isinstance(section, StoreSource):
                rules = replace(self.rules, offline=True)
                store = open_split(self._bring(f"{source}/{split}", section.splits[split], rules), split)
            elif is_made(section, split, self._folder(source, split), seed=self.recipe.seed):
                store = Store(self._folder(source, split))
            else:
                return None
            store.check()
        except DataError:
            return None
        return store

    def remove_damaged(self, tell: Callable[[str], None]) -> None:
        """Remove the stores of this run that cannot be read, so that they can be made again; tell which."""
        for source, split in self._all():
            folder = self._folder(source, split)
            try:
                if store_is_complete(folder):
                    Store(folder).check()
            except DataError as error:
                tell(f"{source}/{split} is made again: {error.what}")
                shutil.rmtree(folder)

    def _bring(self, name: str, text: str, rules: PullRules) -> Path:
        """Return the folder of a store; an address is asked for once."""
        if name not in self._brought:
            self._brought[name] = materialise(text, kinds=STORE, locked=rules.locked, offline=rules.offline)
        return self._brought[name]

    def _all(self) -> Iterator[tuple[str, Split]]:
        for source, section in self.recipe.data.sources.items():
            for split in splits_of(section):
                yield source, split

    def _section(self, source: str) -> SourceSection:
        section = self.recipe.data.sources[source]
        if isinstance(section, VqaRadSource) and section.root is None:
            return section.model_copy(update={"root": self.recipe.data.root})
        return section

    def _folder(self, source: str, split: Split) -> Path:
        return self.run / "stores" / source / split


def training_stores(recipe: Recipe, run: Path) -> dict[str, Store]:
    """Return the stores that training reads and that are there, by ``source/train``."""
    stores = RunStores(recipe, run, lambda *_: None)
    named = {entry.source for stage in recipe.stages.values() for entry in stage.mixture}
    found = {source: stores.find(source, "train") for source in recipe.data.sources if source in named}
    return {f"{source}/train": store for source, store in found.items() if store is not None}


def hashes_of(stores: Mapping[str, Store]) -> dict[str, str]:
    """Return the SHA-256 of the manifest of each store."""
    return {name: store.sha256 for name, store in stores.items()}


def left_out(stores: Mapping[str, Store]) -> list[str]:
    """Return a line for each store of which samples are left out because their images are not here."""
    return [
        f"{name}: {store.num_without_images:,} samples without their images left out"
        for name, store in stores.items()
        if isinstance(store, StorePart) and store.num_without_images
    ]


def store_facts(store: Store) -> dict[str, Any]:
    """Return what ``run.json`` tells of a store."""
    manifest = store.manifest
    return {
        "sha256": store.sha256,
        "rows": len(store),
        "read": manifest.read,
        "kept": manifest.kept,
        "dropped": manifest.dropped,
        "dropped_reasons": manifest.dropped_reasons,
        "counts": {name: store.counts(name) for name in COUNTED_COLUMNS},
        "without_images": store.num_without_images if isinstance(store, StorePart) else 0,
    }
