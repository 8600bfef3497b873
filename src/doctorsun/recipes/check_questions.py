"""The check that evaluation has something to score, made before training."""

from collections.abc import Mapping

from doctorsun.config import Recipe
from doctorsun.config.complaint import join_complaints
from doctorsun.config.document import Node
from doctorsun.errors import RecipeError
from doctorsun.recipes.placed import placed
from doctorsun.storage.store import Store


def check_questions(recipe: Recipe, stores: Mapping[str, Store], document: Node | None) -> None:
    """Stop before training where a task has no question that can be scored: conversations as such have no answers.

    Args:
        recipe: the settings.
        stores: by ``source/split``.
        document: what the recipe was read from, for the places in the messages.

    Raises:
        RecipeError: the samples of a task have no answers.
    """
    complaints: list[RecipeError] = []
    for name, task in recipe.evaluation.tasks.items():
        store = stores[f"{task.source}/{task.split}"]
        if not any(kind is not None for kind in store.column("answer.kind")):
            error = RecipeError(
                f"the source '{task.source}' has no question that can be scored",
                got=f"{len(store):,} samples of the split '{task.split}', all without an answer",
                expected="closed questions, choices, reports or boxes with what is right",
                do=f"take the task out: --set evaluation.tasks.{name}=null, or name a store of questions with answers",
            )
            complaints.append(placed(f"evaluation.tasks.{name}.source", error, document))
    if complaints:
        raise join_complaints(complaints)
