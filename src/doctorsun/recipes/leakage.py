"""The leakage check of an evaluation: its questions searched for in the stores that the weights were trained on."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from doctorsun.config import STAGE_ORDER, Recipe
from doctorsun.data.leak.store_rows import StoreRows, store_traces
from doctorsun.eval.leakage import LeakNotes, leakage_facts
from doctorsun.eval.prior import TrainingPrior
from doctorsun.eval.prior_file import merged, store_prior
from doctorsun.eval.scoring import Marks
from doctorsun.recipes.evaluate import EvaluationProgress
from doctorsun.recipes.record import read_record
from doctorsun.recipes.stores import RunStores
from doctorsun.schema import Sample
from doctorsun.storage.atomic import write_json
from doctorsun.storage.store import Store
from doctorsun.storage.store_part import open_split

LEAKAGE = "leakage.json"


@dataclass(frozen=True, kw_only=True)
class TrainingData:
    """What weights were trained on, as far as it is here.

    Attributes:
        stores: training samples by name.
        cache: folder of what was computed of stores, each by the hash of its manifest.
    """

    stores: Mapping[str, Store]
    cache: Path

    @cached_property
    def prior(self) -> TrainingPrior | None:
        """How often each answer was right in training; None where no store is known."""
        priors = (store_prior(store, self._kept(store)) for store in self.stores.values())
        return merged(priors) if self.stores else None

    def check(self, task: str, samples: Sequence[Sample], folder: Path, on_progress: EvaluationProgress) -> Marks:
        """Search the stores for a task's questions, write ``leakage.json`` and return the slices of its scores.

        Where no store is known nothing is searched, and a ``leakage.json`` of before is withdrawn.
        """
        path = folder / LEAKAGE
        if not self.stores:
            path.unlink(missing_ok=True)
            return {}
        notes = LeakNotes(samples)
        with_looks = any(sample.images for sample in samples)
        for name, store in self.stores.items():
            done = 0
            for traces in store_traces(store, self._kept(store), with_looks=with_looks):
                notes.look_through(traces, StoreRows(store, done))
                done += len(traces)
                on_progress(task, f"leakage {name}", done, len(store))
        stores = [{"name": name, "sha256": each.sha256, "num_samples": len(each)} for name, each in self.stores.items()]
        write_json(path, leakage_facts(notes.leaks.values(), stores))
        return {id_: leak.marks for id_, leak in notes.leaks.items()}

    def _kept(self, store: Store) -> Path:
        return self.cache / "traces" / store.sha256


def training_data(
    weights: Path | None, named: Sequence[Path], cache: Path, tell: Callable[[str], None]
) -> TrainingData:
    """Return the training stores of weights: those of the run that made them, and those that are named.

    Args:
        weights: a run, its weights or other weights; None where they are not here.
        named: further stores that the weights were trained on; of a store with splits, ``train`` is taken.
        cache: see `TrainingData`.
        tell: told which stores are not here, and where none is known.

    Raises:
        DataError: a named store is none, or holds no training samples.
    """
    stores = {str(folder): _training_part(folder) for folder in named}
    run = _run_of(weights) if weights else None
    record = read_record(run) if run else None
    if run and record:
        recipe = _recipe_of(record["recipe"])
        sources = RunStores(recipe, run, lambda *_: None)
        for name in _sources_of(recipe):
            found = sources.find(name, "train")
            if found is None:
                tell(f"leakage: the training store {name} is not here and is not searched")
            else:
                stores[f"{name}/train"] = found
    if not stores:
        tell("leakage: not checked, since the training data are not known; name them with --training STORE")
    return TrainingData(stores=stores, cache=cache)


def training_stores(recipe: Recipe, stores: Mapping[str, Store]) -> dict[str, Store]:
    """Return those of a run's stores that its stages learn from."""
    names = [f"{source}/train" for source in _sources_of(recipe)]
    return {name: stores[name] for name in names if name in stores}


def _sources_of(recipe: Recipe) -> list[str]:
    return list(dict.fromkeys(entry.source for stage in recipe.stages.values() for entry in stage.mixture))


def _training_part(folder: Path) -> Store:
    store = Store(folder)
    return open_split(folder, "train") if len(store.counts("split")) > 1 else store


def _run_of(weights: Path) -> Path | None:
    """Return the run that weights belong to."""
    places = (weights, weights.resolve().parent)
    return next((place for place in places if (place / "run.json").is_file() and (place / "weights").is_dir()), None)


def _recipe_of(resolved: Mapping[str, Any]) -> Recipe:
    """Return the recipe of a ``run.json``, whose keys are sorted."""
    stages = sorted(resolved["stages"].items(), key=lambda item: STAGE_ORDER.index(item[0]))
    return Recipe.model_validate({**resolved, "stages": dict(stages)})
