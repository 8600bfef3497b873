"""The stores of a run: made from the recipe's sources, or opened where they lie."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from doctorsun.config import Recipe
from doctorsun.config.data import Split, StoreSource, VqaRadSource
from doctorsun.data.pipeline import build_store, splits_of
from doctorsun.storage.store import Store

StoreProgress = Callable[[str, int, int | None], None]


class RunStores:
    """Opens, and where needed makes, the stores that a recipe names."""

    def __init__(self, recipe: Recipe, run: Path, on_progress: StoreProgress) -> None:
        self.recipe = recipe
        self.run = run
        self.on_progress = on_progress

    def open(self, source: str, split: Split) -> Store:
        """Return the store of a source's split.

        Raises:
            DataError: its raw files cannot be read, or the store is damaged.
        """
        section = self.recipe.data.sources[source]
        if isinstance(section, StoreSource):
            return Store(Path(section.splits[split]))
        if isinstance(section, VqaRadSource) and section.root is None:
            section = section.model_copy(update={"root": self.recipe.data.root})
        name = f"{source}/{split}"
        return build_store(
            source,
            section,
            split,
            self.run / "stores" / source / split,
            seed=self.recipe.seed,
            on_progress=lambda done, total: self.on_progress(name, done, total),
        )

    def open_all(self) -> dict[str, Store]:
        """Make every split of every source; return them by ``source/split``."""
        return {
            f"{source}/{split}": self.open(source, split)
            for source, section in self.recipe.data.sources.items()
            for split in splits_of(section)
        }


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
        "counts": manifest.counts,
    }
