"""Whether the mixtures of a recipe select something to learn from: by the recipe alone, then by the stores."""

from collections.abc import Iterator, Mapping

from doctorsun.config import MixtureEntry, Recipe
from doctorsun.config.complaint import join_complaints
from doctorsun.config.document import Node
from doctorsun.config.suggest import did_you_mean, one_of
from doctorsun.data.offers import Offer, offer_of
from doctorsun.errors import RecipeError
from doctorsun.recipes.placed import Found, placed
from doctorsun.storage.store import Store


def mixtures_by_recipe(recipe: Recipe) -> Iterator[Found]:
    """Yield what the readers of a recipe can never give, whatever is in their files."""
    for path, objective, entry in _entries(recipe):
        offer = offer_of(recipe.data.sources[entry.source])
        yield from _wanted(f"{path}.tasks", "gives no questions of this family", entry.tasks, offer.tasks, entry)
        yield from _wanted(f"{path}.languages", "has no such language", entry.languages, offer.languages, entry)
        if objective == "labels" and offer.has_labels is False:
            yield f"{path}.source", _no_facts(entry)


def check_mixtures(recipe: Recipe, stores: Mapping[str, Store], document: Node | None) -> None:
    """Stop before training where an entry selects nothing of its store.

    Args:
        recipe: the settings.
        stores: by ``source/split``.
        document: what the recipe was read from, for the places in the messages.

    Raises:
        RecipeError: one or more entries select nothing, or no facts where labels are to be learnt.
    """
    complaints = list(_mixtures_by_data(recipe, stores))
    if complaints:
        raise join_complaints([placed(path, error, document) for path, error in complaints])


def _mixtures_by_data(recipe: Recipe, stores: Mapping[str, Store]) -> Iterator[Found]:
    for path, objective, entry in _entries(recipe):
        store = stores[f"{entry.source}/train"]
        rows = _selected(entry, store)
        if not rows:
            yield path, _nothing(entry, store)
        elif objective == "labels" and offer_of(recipe.data.sources[entry.source]) == Offer():
            facts = store.column("facts")
            if not any(facts[row] for row in rows):
                yield f"{path}.source", _no_facts(entry)


def _entries(recipe: Recipe) -> Iterator[tuple[str, str, MixtureEntry]]:
    """Yield each mixture entry of a known source with its place and the objective of its stage."""
    for name, stage in recipe.stages.items():
        for index, entry in enumerate(stage.mixture):
            if entry.source in recipe.data.sources:
                yield f"stages.{name}.mixture.{index}", stage.objective, entry


def _wanted(
    path: str, what: str, wanted: tuple[str, ...] | None, known: tuple[str, ...] | None, entry: MixtureEntry
) -> Iterator[Found]:
    for index, name in enumerate(wanted or ()):
        if known is not None and name not in known:
            error = RecipeError(
                f"the source '{entry.source}' {what}",
                got=f"'{name}'",
                expected=one_of(known),
                do=did_you_mean(name, known),
            )
            yield f"{path}.{index}", error


def _no_facts(entry: MixtureEntry) -> RecipeError:
    return RecipeError(
        "labels are learnt from the facts of images, and this source has none",
        got=f"'{entry.source}'",
        expected="a source with facts, such as one of the reader phantom",
        do="choose another, or 'objective: replies'",
    )


def _selected(entry: MixtureEntry, store: Store) -> list[int]:
    """Return the rows that an entry selects, as training does."""
    tasks = store.column("task") if entry.tasks else None
    languages = store.column("language") if entry.languages else None
    return [
        row
        for row in range(len(store))
        if (tasks is None or tasks[row].partition(":")[0] in (entry.tasks or ()))
        and (languages is None or languages[row] in (entry.languages or ()))
    ]


def _nothing(entry: MixtureEntry, store: Store) -> RecipeError:
    families = dict.fromkeys(task.partition(":")[0] for task in sorted(store.counts("task")))
    return RecipeError(
        f"selects nothing from the source '{entry.source}'",
        got=f"0 of {len(store)} samples",
        expected=f"tasks among {', '.join(families)} and languages among {', '.join(sorted(store.counts('language')))}",
        do="change its tasks or languages; 'doctorsun data stats' counts them",
    )
