"""Checks of a recipe against what its sections cannot know: presets, sources, splits and folders on disk."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from doctorsun.config.complaint import join_complaints
from doctorsun.config.data import PhantomTextSource, StoreSource, VqaRadSource
from doctorsun.config.document import Node
from doctorsun.config.load import load_marked_recipe
from doctorsun.config.recipe import Recipe
from doctorsun.data.pipeline import splits_of
from doctorsun.errors import RecipeError
from doctorsun.eval.tasks import task_names
from doctorsun.recipes import SHIPPED
from doctorsun.recipes.addresses import looks_like_address, obstacles, stores_of, usual_rules, weights_of
from doctorsun.recipes.check_adapters import check_adapter_layers, check_adapters
from doctorsun.recipes.check_folder import check_folder
from doctorsun.recipes.check_model import check_model, check_template, check_weights_of
from doctorsun.recipes.check_stages import check_stages, stage_notes
from doctorsun.recipes.mixtures import mixtures_by_data, mixtures_by_recipe
from doctorsun.recipes.placed import Found, placed, unknown
from doctorsun.recipes.repeats import repeat_notes
from doctorsun.recipes.steps import has_start
from doctorsun.recipes.stores import training_stores
from doctorsun.storage.hub.kinds import STORE, WEIGHTS
from doctorsun.storage.hub.pull import PullRules
from doctorsun.storage.manifest_file import read_manifest
from doctorsun.storage.store_folder import MANIFEST
from doctorsun.storage.store_part import no_such_split

RUNS = Path("runs")
"""Where a run goes that names no folder."""


def load_checked(path_or_name: str | Path, overrides: Sequence[str] = (), *, rules: PullRules | None = None) -> Recipe:
    """Load a recipe, shipped ones by name, and check it.

    Raises:
        RecipeError: it cannot be read, is wrong, or cannot work on this machine.
    """
    return load_checked_document(path_or_name, overrides, rules=rules)[0]


def load_checked_document(
    path_or_name: str | Path, overrides: Sequence[str] = (), *, rules: PullRules | None = None
) -> tuple[Recipe, Node]:
    """Load and check a recipe like ``load_checked``, with the document that says where each setting stands."""
    recipe, document = load_marked_recipe(path_or_name, overrides=overrides, search=SHIPPED)
    check(recipe, document, rules=rules)
    return recipe, document


def load_checked_run(
    path_or_name: str | Path, overrides: Sequence[str] = (), *, out: Path | None, rules: PullRules
) -> tuple[Recipe, Node, Path]:
    """Load a recipe like ``load_checked_document``, and check what is left to do of it in its folder.

    Args:
        path_or_name: a shipped recipe, or the path of a YAML file.
        overrides: ``key.path=value`` settings.
        out: the run's folder; ``runs/<recipe name>`` when None.
        rules: what may be pulled.

    Returns:
        The recipe, its document, and the folder of the run.

    Raises:
        RecipeError: it cannot be read, is wrong, or cannot work on this machine.
        DataError: the record of the run is damaged.
    """
    recipe, document = load_marked_recipe(path_or_name, overrides=overrides, search=SHIPPED)
    folder = out or RUNS / recipe.name
    check(recipe, document, rules=rules, is_started=has_start(folder))
    return recipe, document, folder


def check(
    recipe: Recipe, document: Node | None = None, *, rules: PullRules | None = None, is_started: bool = False
) -> None:
    """Stop before any work where a recipe cannot run; no hub is asked.

    Args:
        recipe: the settings.
        document: what they were read from, for the places in the messages.
        rules: what may be pulled; the usual ones when None.
        is_started: the weights that the run starts from are written, and those they were made of are not needed.

    Raises:
        RecipeError: one or more settings cannot work; the text has a line for each.
    """
    _refuse(recipe, document, list(_complaints(recipe, rules or usual_rules(), is_started=is_started)))
    _refuse(recipe, document, list(mixtures_by_data(recipe, training_stores(recipe, RUNS / recipe.name))))


def load_for_plan(
    path_or_name: str | Path, overrides: Sequence[str] = (), *, out: Path | None, rules: PullRules
) -> tuple[Recipe, Node, Path, list[str]]:
    """Load a recipe that shall only be planned: data and weights on hubs that are not here yet stand in no way.

    Args:
        path_or_name: a shipped recipe, or the path of a YAML file.
        overrides: ``key.path=value`` settings.
        out: the run's folder; ``runs/<recipe name>`` when None.
        rules: what may be pulled.

    Returns:
        The recipe, its document, the folder of the run, and a line for each thing that is not here yet.

    Raises:
        RecipeError: it cannot be read, or is wrong in other respects.
    """
    recipe, document = load_marked_recipe(path_or_name, overrides=overrides, search=SHIPPED)
    folder = out or RUNS / recipe.name
    found = list(_complaints(recipe, rules, is_started=has_start(folder)))
    hubs = {path for path, text in weights_of(recipe).items() if looks_like_address(text)}
    missing = [each for each in found if each[0].startswith("data.") or each[0] in hubs]
    _refuse(recipe, document, [each for each in found if each not in missing])
    _refuse(recipe, document, list(mixtures_by_data(recipe, training_stores(recipe, folder))))
    return recipe, document, folder, [placed(path, error, document).text() for path, error in missing]


def _complaints(recipe: Recipe, rules: PullRules, *, is_started: bool) -> Iterator[Found]:
    yield from check_model(recipe.model)
    if not is_started:
        yield from check_weights_of(recipe.model)
        yield from obstacles(weights_of(recipe), WEIGHTS, rules)
        yield from check_adapter_layers(recipe)
    yield from _sources(recipe)
    yield from obstacles(stores_of(recipe), STORE, rules)
    yield from _stages(recipe)
    yield from check_stages(recipe)
    yield from mixtures_by_recipe(recipe)
    yield from check_adapters(recipe)
    yield from _evaluation(recipe)


def _refuse(recipe: Recipe, document: Node | None, complaints: Sequence[Found]) -> None:
    misnamed = [placed(path, error, document, at_key=True) for path, error in _task_names(recipe)]
    if complaints or misnamed:
        raise join_complaints([*(placed(path, error, document) for path, error in complaints), *misnamed])


def notes(recipe: Recipe, run: Path | None = None, *, num_ranks: int = 1) -> list[str]:
    """Return what a recipe that can run will leave out, or do otherwise than it may seem: a line each.

    Args:
        recipe: the settings.
        run: the run's folder, where made stores lie; ``runs/<recipe name>`` when None.
        num_ranks: processes that train together.
    """
    tasks, sources = recipe.evaluation.tasks, recipe.data.sources
    without_prior = [
        missing_prior(name, task.source)
        for name, task in tasks.items()
        if "prior" in recipe.evaluation.controls and "train" not in splits_of(sources[task.source])
    ]
    repeats = repeat_notes(recipe, training_stores(recipe, run or RUNS / recipe.name))
    return [*stage_notes(recipe, num_ranks=num_ranks), *repeats, *without_prior]


def missing_prior(task: str, source: str) -> str:
    """Say that the scores of a task stand without the control that is learnt from training answers."""
    return f"task {task}: no control 'prior', because the source '{source}' has no split 'train' to learn it from"


def _sources(recipe: Recipe) -> Iterator[Found]:
    for name, source in recipe.data.sources.items():
        path = f"data.sources.{name}"
        if isinstance(source, VqaRadSource):
            yield from _raw_folder(path, source.root, recipe.data.root)
    for path, text in stores_of(recipe).items():
        if not looks_like_address(text):
            yield from _store(path, text, path.rpartition(".")[2], _how_to_make(recipe, path))


def _how_to_make(recipe: Recipe, path: str) -> str:
    source = recipe.data.sources[path.removeprefix("data.sources.").rpartition(".splits.")[0]]
    command = source.made_by if isinstance(source, StoreSource) else None
    return f"make it with: {command}; or name another: --set {path}=STORE" if command else "build the store first"


def _store(path: str, folder: str, split: str, do: str) -> Iterator[Found]:
    problems = list(check_folder(path, folder, holding=MANIFEST, do=do))
    yield from problems
    held = {} if problems else read_manifest(Path(folder) / MANIFEST).counts.get("split", {})
    if held and split not in held:
        error = no_such_split(Path(folder), split, held)
        yield path, RecipeError(error.what, got=error.got, expected=error.expected, do=error.do)


def _raw_folder(path: str, own: str | None, shared: str | None) -> Iterator[Found]:
    root = own or shared
    do = "give the folder of the published files: --set data.root=FOLDER"
    if root is None:
        yield path, RecipeError("no folder to read from", expected="'root' here or 'data.root'", do=do)
    else:
        yield from check_folder(f"{path}.root" if own else "data.root", root, holding="", do=do)


def _stages(recipe: Recipe) -> Iterator[Found]:
    sources = recipe.data.sources
    if not recipe.stages:
        do = "write a stage there; weights without training are measured by 'doctorsun evaluate'"
        yield "stages", RecipeError("nothing to train", got="no stage", expected="at least one", do=do)
    for name, stage in recipe.stages.items():
        path = f"stages.{name}"
        for index, entry in enumerate(stage.mixture):
            yield from _source(f"{path}.mixture.{index}.source", entry.source, "train", recipe)
        if stage.validation:
            yield from _source(f"{path}.validation.source", stage.validation.source, stage.validation.split, recipe)
        yield from check_template(f"{path}.template", stage)
        chosen = [sources[entry.source] for entry in stage.mixture if entry.source in sources]
        sees_nothing = bool(chosen) and all(isinstance(each, PhantomTextSource) for each in chosen)
        if sees_nothing and "language" not in stage.trainable and stage.objective == "replies":
            yield (
                f"{path}.trainable",
                RecipeError(
                    "the parts that learn see no image",
                    got="a mixture of text only",
                    expected="a source with images, or the part 'language'",
                    do="change one of the two",
                ),
            )


def _task_names(recipe: Recipe) -> Iterator[Found]:
    known = task_names()
    for name in recipe.evaluation.tasks:
        if name not in known:
            yield f"evaluation.tasks.{name}", unknown("evaluation task", name, known)


def _evaluation(recipe: Recipe) -> Iterator[Found]:
    if recipe.evaluation.every_steps and not recipe.evaluation.tasks:
        do = "name a task under evaluation.tasks, or take the setting out"
        yield "evaluation.every_steps", RecipeError("nothing to ask at intervals", got="no task", do=do)
    wanted = [(f"evaluation.tasks.{name}", task.source, task.split) for name, task in recipe.evaluation.tasks.items()]
    if recipe.dialogues is not None:
        wanted.append(("dialogues", recipe.dialogues.source, "test"))
    for path, name, split in wanted:
        yield from _source(f"{path}.source", name, split, recipe)
        if isinstance(recipe.data.sources.get(name), PhantomTextSource):
            yield (
                f"{path}.source",
                RecipeError(
                    "a source of documents asks nothing",
                    got=f"'{name}'",
                    expected="one with questions",
                    do="choose another",
                ),
            )


def _source(path: str, name: str, split: str, recipe: Recipe) -> Iterator[Found]:
    source = recipe.data.sources.get(name)
    if source is None:
        yield path, unknown("source", name, recipe.data.sources)
    elif split not in splits_of(source):
        setting = f"data.sources.{name}.splits.{split}=STORE"
        is_store = isinstance(source, StoreSource)
        yield (
            path,
            RecipeError(
                f"the source '{name}' has no split '{split}'",
                got=f"the splits {', '.join(splits_of(source))}",
                do=f"name its store: --set {setting}" if is_store else f"add '{split}' to data.sources.{name}",
            ),
        )
