"""The mixtures of a recipe: whether they select something to learn from, and the plans that they give."""

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from doctorsun.config import MixtureEntry, Recipe, StageName, StageSection
from doctorsun.config.complaint import join_complaints
from doctorsun.config.document import Node
from doctorsun.config.suggest import did_you_mean, one_of
from doctorsun.data.offers import Offer, offer_of
from doctorsun.errors import DataError, RecipeError
from doctorsun.recipes.placed import Found, placed, unknown
from doctorsun.storage.image_marks import rows_with_unmatched_images
from doctorsun.storage.store import Store
from doctorsun.storage.store_part import StorePart
from doctorsun.train.balance import balance
from doctorsun.train.plan import Pool, StagePlan
from doctorsun.train.selection import select_rows
from doctorsun.train.token_batch import StageLength, TokenBatch

if TYPE_CHECKING:
    from doctorsun.recipes.lengths import LengthIndex

TEXT_STAGES: tuple[StageName, ...] = ("pretrain", "text-instruct")
"""Stages of words alone: the projector has not learnt before them, and an image would be noise among the words."""
NAMED_SAMPLES = 5
"""Samples that a complaint about data names."""


def mixtures_by_recipe(recipe: Recipe) -> Iterator[Found]:
    """Yield what the readers of a recipe can never give, whatever is in their files."""
    for path, objective, entry in _entries(recipe):
        offer = offer_of(recipe.data.sources[entry.source])
        yield from _wanted(f"{path}.tasks", "gives no questions of this family", entry.tasks, offer.tasks, entry)
        yield from _wanted(f"{path}.languages", "has no such language", entry.languages, offer.languages, entry)
        if objective == "labels" and offer.has_labels is False:
            yield f"{path}.source", _no_facts(entry)
    for name, stage in recipe.stages.items():
        sources = {entry.source for entry in stage.mixture}
        for source in stage.ratios.source if stage.ratios else ():
            if source not in sources:
                yield f"stages.{name}.ratios.source.{source}", unknown("source of the mixture", source, sorted(sources))


def check_mixtures(recipe: Recipe, stores: Mapping[str, Store], document: Node | None) -> None:
    """Stop before training where an entry selects nothing of its store, or images do not match their places.

    Args:
        recipe: the settings.
        stores: by ``source/split``.
        document: what the recipe was read from, for the places in the messages.

    Raises:
        RecipeError: one or more entries select nothing, or no facts where labels are to be learnt.
        DataError: samples have more or fewer images than places for them, or a stage of texts takes some with images.
    """
    complaints = list(mixtures_by_data(recipe, stores))
    if complaints:
        raise join_complaints([placed(path, error, document) for path, error in complaints])
    for source in dict.fromkeys(entry.source for _, _, entry in _entries(recipe)):
        _require_matching_images(source, stores[f"{source}/train"])
    _require_texts(recipe, stores)


def _require_matching_images(source: str, store: Store) -> None:
    own = set(store.rows) if isinstance(store, StorePart) else None
    rows = [row for row in rows_with_unmatched_images(store) if own is None or row in own]
    if rows:
        whole = Store(store.folder)
        names = ", ".join(whole.without_bytes(row).id for row in rows[:NAMED_SAMPLES])
        raise DataError(
            f"the source '{source}'",
            got=f"{len(rows):,} of {len(store):,} samples whose images and image places do not match: {names}",
            expected="one place for each image, in the questions",
            do=f"make the store {store.folder} again from mended data",
        )


def _require_texts(recipe: Recipe, stores: Mapping[str, Store]) -> None:
    stages = {name: recipe.stages[name] for name in TEXT_STAGES if name in recipe.stages}
    for name, stage in stages.items():
        for entry in stage.mixture:
            store = stores[f"{entry.source}/train"]
            rows = select_rows(store, **_wishes(stage.objective, entry, store))
            images = store.column("images.sha256")
            seeing = [int(row) for row in rows if images[row]]
            if seeing:
                ids = store.column("id")
                named = ", ".join(ids[row] for row in seeing[:NAMED_SAMPLES])
                raise DataError(
                    f"stage {name} takes texts alone: the network has not learnt to see yet",
                    got=f"{len(seeing):,} of {len(rows):,} samples of the source '{entry.source}' with images: {named}",
                    expected="samples without images",
                    do="choose others by 'tasks' or 'datasets', or take these in 'align' or 'instruct'",
                )


def plan_stage(
    recipe: Recipe, stage: StageSection, stores: Mapping[str, Store], *, lengths: "LengthIndex | None" = None
) -> StagePlan:
    """Lay out the data of a stage.

    Args:
        recipe: the settings.
        stage: one of its stages.
        stores: at least those that the stage reads, by ``source/split``.
        lengths: counts the tokens of samples, where the stage's batches are in tokens.

    Raises:
        RecipeError: an entry selects nothing, or the ratios do not fit what the entries have.
    """
    pools, shares = pools_of(stage, stores)
    samples = math.ceil((stage.epochs or 1) * sum(len(pool.rows) for pool in pools))
    if stage.batch_tokens is None or lengths is None:
        batch_samples = stage.batch_samples or 1
        steps = stage.steps or math.ceil(samples / batch_samples)
        return StagePlan(pools, shares, batch_samples=batch_samples, num_steps=steps, seed=recipe.seed)
    counted = {id(pool.store): lengths.of(pool.store) for pool in pools}
    batch = TokenBatch(stage.batch_tokens, [counted[id(pool.store)] for pool in pools])
    length = StageLength(steps=stage.steps) if stage.steps else StageLength(samples=samples)
    return StagePlan.by_tokens(pools, shares, batch, length=length, seed=recipe.seed)


def pools_of(stage: StageSection, stores: Mapping[str, Store]) -> tuple[list[Pool], list[float]]:
    """Return the samples that the entries of a stage take, and the part of the stage that each of them is.

    Raises:
        RecipeError: an entry selects nothing, or the ratios do not fit what the entries have.
    """
    taken = [(entry, stores[f"{entry.source}/train"]) for entry in stage.mixture]
    pools = [Pool.select(entry.source, store, **_wishes(stage.objective, entry, store)) for entry, store in taken]
    total = sum(entry.weight for entry in stage.mixture)
    shares = [entry.weight / total for entry in stage.mixture]
    return (pools, shares) if stage.ratios is None else balance(pools, shares, stage.ratios.model_dump())


def num_without_pairs(stage: StageSection, stores: Mapping[str, Store]) -> int:
    """Return how many samples a stage of preferences leaves out because nothing was rejected in them."""
    if stage.objective != "preference":
        return 0
    taken = [(entry, stores[f"{entry.source}/train"]) for entry in stage.mixture]
    every, pairs = (
        sum(len(select_rows(store, **_wishes(objective, entry, store))) for entry, store in taken)
        for objective in ("replies", stage.objective)
    )
    return every - pairs


def _wishes(objective: str, entry: MixtureEntry, store: Store) -> dict[str, Any]:
    datasets = _published_ratios(store) if entry.datasets == "published" else entry.datasets
    wishes = {"tasks": entry.tasks, "languages": entry.languages, "domains": entry.domains, "datasets": datasets}
    return wishes | {"has_pairs": objective == "preference"}


def _published_ratios(store: Store) -> dict[str, float]:
    """Return how often the publisher of a collection takes each data set in an epoch; once where no list says."""
    told: dict[str, float] = {}
    for step in store.manifest.steps:
        told |= step.get("sample_ratios", {})
    return {name: float(told.get(name, 1.0)) for name in store.counts("dataset")}


def mixtures_by_data(recipe: Recipe, stores: Mapping[str, Store]) -> Iterator[Found]:
    """Yield what entries cannot find in the stores that are there, and ratios that cannot hold.

    Args:
        recipe: the settings.
        stores: by ``source/split``; entries whose store is not among them are left out.
    """
    found = list(_entries_by_data(recipe, stores))
    yield from found
    for name, stage in recipe.stages.items():
        if not found and stage.ratios is not None and all(f"{each.source}/train" in stores for each in stage.mixture):
            try:
                pools_of(stage, stores)
            except RecipeError as error:
                yield f"stages.{name}.ratios", error


def _entries_by_data(recipe: Recipe, stores: Mapping[str, Store]) -> Iterator[Found]:
    for path, objective, entry in _entries(recipe):
        store = stores.get(f"{entry.source}/train")
        if store is None:
            continue
        absent = list(_absent_datasets(path, entry, store))
        yield from absent
        rows = select_rows(store, **_wishes(objective, entry, store))
        if not len(rows) and objective == "preference" and not any(store.column("rejected")):
            yield f"{path}.source", _no_pairs(entry)
        elif not len(rows):
            yield from [] if absent else [(path, _nothing(entry, store))]
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


def _absent_datasets(path: str, entry: MixtureEntry, store: Store) -> Iterator[Found]:
    """Yield one complaint for all names that the store lacks, with the setting that takes the others."""
    named = () if entry.datasets in (None, "published") else entry.datasets
    known = store.counts("dataset") if named else {}
    absent = [name for name in named if name not in known]
    if absent:
        more = f" and {len(absent) - NAMED_SAMPLES} more" if len(absent) > NAMED_SAMPLES else ""
        here = [name for name in named if name in known] or list(known)
        ratios = entry.datasets if isinstance(entry.datasets, dict) else {}
        shown = ", ".join(f"{name}: {ratios[name]:g}" if name in ratios else name for name in here)
        whole = f"{{{shown}}}" if here[0] in ratios else f"[{shown}]"
        error = RecipeError(
            f"the source '{entry.source}' lacks {len(absent)} of the {len(named)} data sets that are named",
            got=", ".join(f"'{name}'" for name in absent[:NAMED_SAMPLES]) + more,
            expected=one_of(known),
            do=f"take what is there: --set '{path}.datasets={whole}'",
        )
        yield f"{path}.datasets", error


def _no_facts(entry: MixtureEntry) -> RecipeError:
    return RecipeError(
        "labels are learnt from the facts of images, and this source has none",
        got=f"'{entry.source}'",
        expected="a source with facts, such as one of the reader phantom",
        do="choose another, or 'objective: replies'",
    )


def _no_pairs(entry: MixtureEntry) -> RecipeError:
    return RecipeError(
        "preferences are learnt from samples with rejected replies, and this source has none",
        got=f"'{entry.source}'",
        expected="a source such as 'doctorsun data import preference' makes",
        do="choose another, or 'objective: replies'",
    )


def _nothing(entry: MixtureEntry, store: Store) -> RecipeError:
    families = dict.fromkeys(task.partition(":")[0] for task in sorted(store.counts("task")))
    choices = {"tasks": families, "languages": sorted(store.counts("language"))}
    choices |= {"domains": sorted(store.counts("domain"))} if entry.domains else {}
    choices |= {"datasets": sorted(store.counts("dataset"))} if entry.datasets else {}
    return RecipeError(
        f"selects nothing from the source '{entry.source}'",
        got=f"0 of {len(store)} samples",
        expected="; ".join(f"{name} among {', '.join(values)}" for name, values in choices.items()),
        do="change what it takes; 'doctorsun data stats' counts all",
    )
