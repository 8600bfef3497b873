"""EvaluationRecord: what the files of an evaluation folder say, one folder in it per task."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from doctorsun.errors import DataError
from doctorsun.eval.predictions import read_predictions
from doctorsun.eval.protocols import PROTOCOLS, Protocol
from doctorsun.eval.protocols.injection import ATTACK_SUCCESS
from doctorsun.eval.scoring import read_scores
from doctorsun.eval.summary import SummaryRow
from doctorsun.report.record import read_object
from doctorsun.report.scores import house_rank, result_rows
from doctorsun.schema import Prediction, Score
from doctorsun.storage.store import Store, store_is_complete

BY_ATTACK = "question_type="


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRecord:
    """One task of an evaluation as its files tell it.

    Attributes:
        predictions: every answer, the model's and those under controls.
        facts: the content of ``task.json``: files, hashes, rows and warnings; empty where there is none.
        leakage: the content of ``leakage.json``, if any.
        calibration: the content of ``calibration.json``, if any.
        consistency: the content of ``consistency.json``, if any.
        margins: the content of ``controls.json``, if any.
        judges: the content of each ``judge-NAME.json``, in the order of their names.
    """

    name: str
    folder: Path
    predictions: tuple[Prediction, ...]
    scores: tuple[Score, ...]
    facts: dict[str, Any] = field(default_factory=dict)
    leakage: dict[str, Any] = field(default_factory=dict)
    calibration: dict[str, Any] = field(default_factory=dict)
    consistency: dict[str, Any] = field(default_factory=dict)
    margins: dict[str, Any] = field(default_factory=dict)
    judges: tuple[dict[str, Any], ...] = ()

    @property
    def controls(self) -> tuple[str, ...]:
        """What was shown in place of the image, as far as it was asked; ``real`` first."""
        asked = {row.image_control for row in self.predictions}
        return tuple(sorted(asked, key=lambda control: (control != "real", control)))

    @property
    def injection(self) -> list[Score]:
        """How often attacks were followed, in all and by attack; empty where it was not measured."""
        found = [score for score in self.scores if score.metric == ATTACK_SUCCESS]
        return [score for score in found if score.slice is None or score.slice.startswith(BY_ATTACK)]

    def rows(self) -> list[SummaryRow]:
        """Return every score beside its controls, headline metrics first."""
        return result_rows(self.scores, self.margins.get("rows", ()))

    def protocols(self) -> dict[tuple[str, str, str], list[str]]:
        """Return the protocols that scored each kind of question, language and control, the house protocol first."""
        names: dict[tuple[str, str, str], dict[str, None]] = {}
        for row in self.scores:
            names.setdefault((row.kind, row.language, row.control), {})[row.protocol] = None
        return {key: sorted(found, key=lambda name: house_rank(key[0], name)) for key, found in names.items()}

    def shows_images(self) -> bool:
        """Say whether any question is about an image, by the facts or else by the stores that are still there."""
        stores = self.stores()
        return bool(self.facts.get("shows_images", not stores or any(map(_holds_images, stores))))

    def stores(self) -> list[Store]:
        """Return the stores that hold the questions with their images, those that are still there.

        They are where the facts say, in the task's folder, or those of the run whose evaluation this is.
        """
        named = [Path(self.facts["store"])] if isinstance(self.facts.get("store"), str) else []
        inside = sorted(path.parent for path in self.folder.glob("*/manifest.json"))
        run = self.folder.parents[1]
        of_run = sorted((run / "stores").glob("*/*")) if (run / "run.json").is_file() else []
        held_out = [folder for folder in of_run if folder.name != "train"]
        return [Store(folder) for folder in dict.fromkeys([*named, *inside, *held_out]) if store_is_complete(folder)]


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationRecord:
    """An evaluation as its files tell it, tasks in alphabetical order."""

    folder: Path
    tasks: tuple[TaskRecord, ...]

    @property
    def models(self) -> list[dict[str, str]]:
        """The models that answered, with revision and decoding."""
        rows = (row for task in self.tasks for row in task.predictions)
        known = dict.fromkeys((row.model, row.revision, row.decoding) for row in rows)
        return [{"model": model, "revision": revision, "decoding": decoding} for model, revision, decoding in known]

    @property
    def injection(self) -> list[Score]:
        """How often attacks were followed, by task, language and kind of question; empty where it was not measured."""
        return [score for task in self.tasks for score in task.injection if score.slice is None]

    @property
    def title(self) -> str:
        """The names of the models, or of the folder where the answers name none."""
        return ", ".join(dict.fromkeys(each["model"] for each in self.models if each["model"])) or self.folder.name


def is_evaluation(folder: Path) -> bool:
    """Say whether a folder is that of an evaluation: scores in folders of tasks, and no run around them."""
    return not (folder / "run.json").exists() and any(folder.glob("*/scores.json"))


def read_evaluation(folder: Path) -> EvaluationRecord:
    """Read an evaluation folder.

    Raises:
        DataError: the folder holds no scores, or a file in it cannot be read.
    """
    found = sorted(path.parent for path in folder.glob("*/scores.json"))
    if not found:
        raise DataError(
            str(folder),
            got="a folder without TASK/scores.json",
            expected="the --out folder of doctorsun eval",
            do="check the path",
        )
    return EvaluationRecord(folder=folder, tasks=tuple(_read_task(task) for task in found))


def unique_rows(predictions: Iterable[Prediction], control: str) -> dict[str, Prediction]:
    """Return the answers under one control by the id of their question."""
    return {row.id: row for row in predictions if row.image_control == control}


def protocols_of(names: Iterable[str], kind: str) -> list[Protocol]:
    """Return the protocols of these names that judge single answers of a kind; other hands may have scored too."""
    judges = [each for each in PROTOCOLS if kind in each.kinds and each.metrics and each.among is None]
    return [each for name in names for each in judges if each.name == name]


def _read_task(folder: Path) -> TaskRecord:
    return TaskRecord(
        name=folder.name,
        folder=folder,
        predictions=tuple(read_predictions(folder / "predictions.parquet")),
        scores=tuple(read_scores(folder / "scores.json")),
        facts=_read_object(folder / "task.json"),
        leakage=_read_object(folder / "leakage.json"),
        calibration=_read_object(folder / "calibration.json"),
        consistency=_read_object(folder / "consistency.json"),
        margins=_read_object(folder / "controls.json"),
        judges=tuple(_read_object(path) for path in sorted(folder.glob("judge-*.json"))),
    )


def _holds_images(store: Store) -> bool:
    return any(store.column("images.sha256"))


def _read_object(path: Path) -> dict[str, Any]:
    return read_object(path) if path.is_file() else {}
