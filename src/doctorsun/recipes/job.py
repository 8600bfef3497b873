"""RunJob: a recipe in the folder where it is carried out, and whether all of it is done."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from doctorsun.config import Recipe
from doctorsun.config.document import Node
from doctorsun.recipes.inputs import steps_of
from doctorsun.recipes.progress import RunProgress
from doctorsun.recipes.steps import Steps
from doctorsun.recipes.stores import RunStores, hashes_of
from doctorsun.storage.hub.pull import PullRules

if TYPE_CHECKING:
    from doctorsun.train.world import World


@dataclass(frozen=True, slots=True)
class RunJob:
    """A recipe, the document that it was read from, the folder where it is carried out, and that folder's record.

    ``rules`` say what may be pulled from hubs; ``world`` are the ranks that train it, None where there is one.
    """

    recipe: Recipe
    document: Node
    folder: Path
    record: dict[str, Any]
    progress: RunProgress
    rules: PullRules
    world: "World | None" = None

    @property
    def steps(self) -> Steps:
        """What has been done of it."""
        return Steps(self.folder, self.record, self.progress.say)

    @property
    def stores(self) -> RunStores:
        """The data of it."""
        return RunStores(self.recipe, self.folder, self.progress.store, rules=self.rules)

    def is_done(self) -> bool:
        """Tell whether every step was done as the recipe says now, nothing else was, and all files are whole."""
        stores, steps = self.stores.find_all(), self.steps
        if stores is None:
            return False
        expected = dict(steps_of(self.recipe, hashes_of(stores), steps.revision))
        return expected.keys() == steps.names and all(steps.is_done(*step) for step in expected.items())
