"""Data and start of a recipe in an empty folder, for measurements that train a few steps."""

from pathlib import Path
from typing import TYPE_CHECKING

from doctorsun.config import Recipe

if TYPE_CHECKING:
    from doctorsun.recipes.stages import StageContext
    from doctorsun.train.telemetry import Listener


def opened(recipe: Recipe, run: Path, listener: "Listener") -> "StageContext":
    """Make data and start of a recipe in an empty folder; ``listener`` hears every event of its training."""
    from doctorsun.recipes.machine import examine_machine
    from doctorsun.recipes.stages import StageContext, prepare_start
    from doctorsun.recipes.steps import Steps
    from doctorsun.recipes.stores import RunStores, hashes_of
    from doctorsun.train.telemetry import Telemetry

    run.mkdir(parents=True, exist_ok=True)
    stores, ledger = RunStores(recipe, run, lambda *_: None), Steps(run, {}, lambda _: None)
    all_stores = stores.open_all()
    prepare_start(recipe, ledger, all_stores)
    return StageContext(
        recipe=recipe,
        run=run,
        stores=stores,
        hashes=hashes_of(all_stores),
        machine=examine_machine(recipe.precision),
        telemetry=Telemetry(run / "metrics.jsonl", listener),
        steps=ledger,
    )
