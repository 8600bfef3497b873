"""What an evaluation does beyond asking and scoring: leakage, calibration."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from doctorsun.eval.predictions import read_predictions
from doctorsun.eval.scoring import score, write_scores
from doctorsun.eval.tasks import Task
from doctorsun.recipes.calibration import calibrate_task, calibrate_weights
from doctorsun.recipes.evaluate import Exam, Examinee
from doctorsun.recipes.leakage import TrainingData, training_data
from doctorsun.storage.cache import cache_folder


@dataclass(frozen=True, slots=True, kw_only=True)
class Extras:
    """What is wanted beyond scores.

    Attributes:
        training: stores that the weights were trained on, beside those of their run.
        is_calibrated: write ``calibration.json`` beside the weights.
        cache: folder of what was computed of training stores.
    """

    training: tuple[Path, ...] = ()
    is_calibrated: bool = False
    cache: Path = field(default_factory=cache_folder)

    def training_data(self, weights: Path, tell: Callable[[str], None]) -> TrainingData:
        """Return the training data that questions are searched for in."""
        return training_data(weights, self.training, self.cache, tell)

    def finish(self, examinee: Examinee, scores: list[Path]) -> None:
        """Write what belongs beside the weights."""
        if self.is_calibrated:
            files = [path.with_name("predictions.parquet") for path in scores]
            calibrate_weights(examinee.weights, examinee.version.revision, files)


def score_exam(exam: Exam, predictions: Path, task: Task, training: TrainingData) -> Path:
    """Write scores, leakage and calibration of an exam beside its predictions; return the file of scores."""
    marks = training.check(task.name, exam.samples, exam.folder, exam.on_progress)
    scores = predictions.with_name("scores.json")
    write_scores(scores, score(read_predictions(predictions), protocols=task.protocols, marks=marks))
    calibrate_task(predictions)
    return scores
