"""What an evaluation does beyond asking and scoring: variants of its questions, leakage, calibration."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from doctorsun.eval.control_margins import control_margins
from doctorsun.eval.predictions import read_predictions
from doctorsun.eval.scoring import score, write_scores
from doctorsun.eval.side_by_side import side_by_side
from doctorsun.recipes.calibration import CALIBRATION, calibrate_task, calibrate_weights
from doctorsun.recipes.consistency import CONSISTENCY, ask_variants, write_consistency
from doctorsun.recipes.evaluate import Answering, Exam, Examinee
from doctorsun.recipes.leakage import LEAKAGE, TrainingData, training_data
from doctorsun.schema import ImageControl, VariantKind
from doctorsun.storage.atomic import write_json
from doctorsun.storage.cache import cache_folder

CONTROLS = "controls.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Extras:
    """What is wanted beyond scores.

    Attributes:
        variants: kinds of variants of the questions that are asked too.
        training: stores that the weights were trained on, beside those of their run.
        is_calibrated: write ``calibration.json`` beside the weights.
        cache: folder of what was computed of training stores.
    """

    variants: tuple[VariantKind, ...] = ()
    training: tuple[Path, ...] = ()
    is_calibrated: bool = False
    cache: Path = field(default_factory=cache_folder)

    def training_data(self, weights: Path | None, tell: Callable[[str], None]) -> TrainingData:
        """Return the training data that questions are searched for in."""
        return training_data(weights, self.training, self.cache, tell)

    def finish(self, examinee: Examinee, scores: list[Path]) -> None:
        """Write what belongs beside the weights."""
        if self.is_calibrated:
            files = [path.with_name("predictions.parquet") for path in scores]
            calibrate_weights(examinee.weights, examinee.version.revision, files)

    def examine(
        self, exam: Exam, examinee: Answering, controls: Sequence[ImageControl], training: TrainingData
    ) -> Path:
        """Ask one task and write all that its answers tell; return the file of scores.

        Raises:
            DataError: a question cannot be asked or judged, or a folder cannot be written.
        """
        predictions = [exam.take(examinee, control) for control in _that_differ(controls, exam)][-1]
        if "real" in controls:
            ask_variants(exam, examinee, self.variants)
        marks = training.check(exam.task.name, exam.samples, exam.folder, exam.on_progress)
        scores = exam.folder / "scores.json"
        answers = read_predictions(predictions)
        protocols = side_by_side(answers, exam.task.protocols)
        write_scores(scores, score(answers, training.prior, protocols, marks))
        write_findings(exam.folder)
        return scores


def _that_differ(controls: Sequence[ImageControl], exam: Exam) -> Sequence[ImageControl]:
    """Leave out the controls of questions that show no image."""
    if any(sample.images for sample in exam.samples) or "real" not in controls:
        return controls
    return ("real",)


def write_findings(folder: Path) -> None:
    """Write what the answers to a task tell beside scores: calibration, consistency, margins over the controls."""
    predictions = folder / "predictions.parquet"
    calibrate_task(predictions)
    write_consistency(folder)
    margins = control_margins(read_predictions(predictions))
    if margins:
        write_json(folder / CONTROLS, {"rows": [asdict(each) for each in margins]})
    else:
        (folder / CONTROLS).unlink(missing_ok=True)


def finding_files(folder: Path) -> list[Path]:
    """Return the files of a task that tell more than its scores, those that there are."""
    return [folder / name for name in (LEAKAGE, CALIBRATION, CONSISTENCY, CONTROLS) if (folder / name).is_file()]
