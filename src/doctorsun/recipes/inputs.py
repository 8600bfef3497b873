"""What each step of a run reads: its own settings, and the stores and weights that it starts from, by their hashes."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from doctorsun.config import Recipe, StageName

Hashes = Mapping[str, str]
"""SHA-256 of the manifest of each store, by ``source/split``."""
Inputs = dict[str, Any]


def training_stores(recipe: Recipe) -> list[str]:
    """Return the stores that some stage reads, in the order of the sources."""
    used = {entry.source for stage in recipe.stages.values() for entry in stage.mixture}
    return [f"{source}/train" for source in recipe.data.sources if source in used]


def start_inputs(recipe: Recipe, stores: Hashes) -> Inputs:
    """Return what the first weights are made from; a new tokenizer learns from all that is trained on."""
    model = recipe.model
    inputs: Inputs = {"model": model.model_dump(mode="json"), "seed": recipe.seed}
    if model.init is None and not model.parts:
        return inputs | {"stores": {name: stores[name] for name in training_stores(recipe)}}
    return inputs | {"stores": {}} | ({"fit": model.given_fit} if model.given_fit else {})


def stage_inputs(recipe: Recipe, name: StageName, stores: Hashes, start: str) -> Inputs:
    """Return what a stage is trained from; ``start`` is the revision of the weights before it."""
    stage = recipe.stages[name]
    names = [f"{entry.source}/train" for entry in stage.mixture]
    if stage.validation and stage.validation.keep == "best":
        names.append(f"{stage.validation.source}/{stage.validation.split}")
    return {
        "stage": stage.model_dump(mode="json"),
        "seed": recipe.seed,
        "precision": recipe.precision,
        "start": start,
        "stores": {each: stores[each] for each in names},
    }


def task_inputs(recipe: Recipe, name: str, stores: Hashes, weights: str) -> Inputs:
    """Return what the scores of an evaluation task come from; ``weights`` is their revision."""
    section, task = recipe.evaluation, recipe.evaluation.tasks[name]
    return {
        "name": recipe.name,
        "weights": weights,
        "store": stores[f"{task.source}/{task.split}"],
        "training answers": stores.get(f"{task.source}/train") if "prior" in section.controls else None,
        "max_questions_per_type": task.max_questions_per_type,
        "controls": sorted(set(section.controls)),
        "max_tokens": section.max_tokens,
    }


def dialogue_inputs(recipe: Recipe, stores: Hashes, weights: str) -> Inputs | None:
    """Return what the dialogues come from; None where the recipe has none."""
    dialogues = recipe.dialogues
    if dialogues is None:
        return None
    store = stores[f"{dialogues.source}/test"]
    return {"weights": weights, "store": store, "count": dialogues.count, "max_tokens": recipe.evaluation.max_tokens}


def result_inputs(recipe: Recipe, revision: Callable[[str], str]) -> Inputs:
    """Return what the published weights are a copy of."""
    last = [*training_steps(recipe)][-1]
    return {"step": last, "revision": revision(last)}


def training_steps(recipe: Recipe) -> list[str]:
    """Return the names of the steps that make weights, in their order."""
    return ["start", *(f"stages/{name}" for name in recipe.stages)]


def steps_of(recipe: Recipe, stores: Hashes, revision: Callable[[str], str]) -> Iterator[tuple[str, Inputs]]:
    """Yield every step of a run that leaves weights or results, with its inputs.

    Args:
        recipe: the settings.
        stores: the hashes of its stores.
        revision: of the weights of each step that was done.
    """
    yield "start", start_inputs(recipe, stores)
    for before, name in zip(training_steps(recipe), recipe.stages, strict=False):
        yield f"stages/{name}", stage_inputs(recipe, name, stores, revision(before))
    yield "weights", result_inputs(recipe, revision)
    for name in recipe.evaluation.tasks:
        yield f"eval/{name}", task_inputs(recipe, name, stores, revision("weights"))
    dialogues = dialogue_inputs(recipe, stores, revision("weights"))
    if dialogues is not None:
        yield "dialogues", dialogues
