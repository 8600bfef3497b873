"""Evaluation of weights outside a run: everything is checked before the first question, and no answer is replaced."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from doctorsun.config import EvaluationSection
from doctorsun.errors import DataError, RecipeError, WeightsError
from doctorsun.eval.parts import Parts
from doctorsun.eval.predictions import read_predictions
from doctorsun.eval.runner import ModelVersion
from doctorsun.eval.tasks import Task, task_named
from doctorsun.recipes.evaluate import Answering, EvaluationProgress, Exam, Examinee, questions
from doctorsun.recipes.evaluation_extras import Extras
from doctorsun.recipes.record import only_one
from doctorsun.recipes.task_store import open_asked
from doctorsun.schema import ImageControl
from doctorsun.storage.store import Store
from doctorsun.weights.folder import find_weights
from doctorsun.weights.hugging_face import read_config


def evaluate_weights(
    weights: Path,
    tasks: Mapping[str, Path],
    *,
    out: Path,
    controls: Sequence[ImageControl],
    on_progress: EvaluationProgress,
    tell: Callable[[str], None],
    extras: Extras | None = None,
) -> list[Path]:
    """Ask weights the questions of tasks under image controls; return the files of scores, one per task.

    Args:
        weights: a folder of weights, or of a run that has some.
        tasks: for each task, by name or by the path of its page, the store to ask or what users download of it; of a
            store with several splits, ``test`` is asked.
        out: gets a folder with predictions and scores for each task; other controls of the same weights and
            questions may stand there already.
        controls: what is shown in place of the images, one after the other; a task without images is asked once, as
            it is.
        on_progress: told of every answer.
        tell: told what is left out, and what differs from the published sets.
        extras: what is wanted beyond scores; leakage is searched for in the run's own stores in any case.

    Raises:
        RequestError: there are no weights.
        RecipeError: there is no such task, or its folder belongs to a run, holds other answers or is in use.
        DataError: questions cannot be read, a store has none or no test split, or the folder cannot be written.
    """
    section, folder, extras = EvaluationSection(), find_weights(weights), extras or Extras()
    _require_llava(folder)
    name = weights.resolve().name
    examinee = Examinee(folder, name=name, max_tokens=section.max_tokens, batch=section.batch)
    files = take_exams(
        examinee, tasks, out=out, controls=controls, on_progress=on_progress, tell=tell, extras=extras, weights=weights
    )
    extras.finish(examinee, files, tell)
    return files


def take_exams(
    examinee: Answering,
    tasks: Mapping[str, Path],
    *,
    out: Path,
    controls: Sequence[ImageControl],
    on_progress: EvaluationProgress,
    tell: Callable[[str], None],
    extras: Extras,
    weights: Path | None,
) -> list[Path]:
    """Ask the questions of tasks; arguments and errors as of `evaluate_weights`, the weights None where not known."""
    _require_outside_run(out)
    with ExitStack() as locks:
        asked = open_tasks(tasks, out, locks, tell)
        for task, store in asked:
            _require_same_answers(out / task.name, examinee.for_task(task).version, _ids_of_questions(store))
        training = extras.training_data(weights, tell)
        files: list[Path] = []
        for task, store in asked:
            samples = list(questions(store, limit=None))
            exam = Exam(task=task, samples=samples, folder=out / task.name, on_progress=on_progress)
            files.append(extras.examine(exam, examinee.for_task(task), controls, training, tell))
        return files


def open_tasks(
    tasks: Mapping[str, Path], out: Path, locks: ExitStack, tell: Callable[[str], None]
) -> list[tuple[Task, Store]]:
    """Return the tasks with their questions; other processes are kept out of their folders while the locks hold.

    Raises:
        RecipeError: there is no such task, two have one name, or a folder is in use.
        DataError: questions cannot be read, or a folder cannot be written.
    """
    pages = [(task_named(name), path) for name, path in tasks.items()]
    names = [task.name for task, _ in pages]
    if len(set(names)) < len(names):
        got, do = "two of one name", "ask each of them with an --out of its own"
        raise RecipeError(f"tasks {', '.join(names)}", got=got, expected="each name once", do=do)
    for name in names:
        locks.enter_context(only_one(out / name))
    return [(task, open_asked(task, path, out / task.name, tell)) for task, path in pages]


def _require_llava(folder: Path) -> None:
    """Refuse weights of other families before any question is read."""
    kind = read_config(folder).get("model_type")
    if kind != "llava":
        raise WeightsError(
            f"weights {folder}",
            got=f"model_type {kind!r}",
            expected="'llava'",
            do=f"serve them, for example with 'vllm serve {folder}', and ask the server: --endpoint URL --model NAME",
        )


def _require_outside_run(out: Path) -> None:
    """Refuse the evaluation folder of a run: its scores know controls that are not computed here."""
    if out.resolve().name == "eval" and (out.resolve().parent / "run.json").exists():
        raise RecipeError(
            f"{out}",
            got="the evaluation of a run",
            expected="a folder outside of it",
            do="name another folder with --out",
        )


def _ids_of_questions(store: Store) -> set[str]:
    ids = {id_ for id_, kind in zip(store.column("id"), store.column("answer.kind"), strict=True) if kind is not None}
    if not ids:
        raise DataError(
            f"store {store.folder}",
            got=f"{len(store)} samples, none of which can be scored",
            expected="questions with their answers",
            do="name the store of a test split, such as runs/tiny/stores/phantom/test",
        )
    return ids


def _require_same_answers(folder: Path, version: ModelVersion, ids: set[str]) -> None:
    """Refuse a folder whose answers the new ones would replace."""
    path = folder / "predictions.parquet"
    kept = [*Parts(folder / "parts").rows.values(), *(read_predictions(path) if path.exists() else ())]
    do = "name another folder with --out"
    for row in kept:
        if ModelVersion(name=row.model, revision=row.revision, decoding=row.decoding) != version:
            raise RecipeError(
                f"{folder} holds answers of other weights",
                got=f"{row.model} (revision {row.revision}; {row.decoding})",
                expected=f"{version.name} (revision {version.revision}; {version.decoding})",
                do=do,
            )
    num_others = len({row.id for row in kept} - ids)
    if num_others:
        raise RecipeError(
            f"{folder} holds answers to other questions",
            got=f"{num_others} that the store does not ask",
            expected="answers to its questions alone",
            do=do,
        )
