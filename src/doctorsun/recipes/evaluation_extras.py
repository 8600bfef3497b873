"""What an evaluation does beyond asking and scoring: variants of its questions, leakage, calibration."""

from collections.abc import Callable, Iterator, Sequence
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
from doctorsun.schema import ImageControl, Prediction, VariantKind
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

    def finish(self, examinee: Examinee, scores: list[Path], tell: Callable[[str], None]) -> None:
        """Write what belongs beside the weights."""
        if self.is_calibrated:
            files = [path.with_name("predictions.parquet") for path in scores]
            calibrate_weights(examinee.weights, examinee.version.revision, files, tell)

    def examine(
        self,
        exam: Exam,
        examinee: Answering,
        controls: Sequence[ImageControl],
        training: TrainingData,
        tell: Callable[[str], None],
    ) -> Path:
        """Ask one task and write all that its answers tell; return the file of scores.

        A task whose questions show no image is asked as it is, whatever the controls.

        Raises:
            DataError: a question cannot be asked or judged, or a folder cannot be written.
        """
        asked = controls if any(sample.images for sample in exam.samples) else ("real",)
        if asked[0] not in controls:
            names = ", ".join(controls)
            tell(f"{exam.task.name}: no question shows an image; they are asked as they are, not under {names}")
        predictions = [exam.take(examinee, control) for control in asked][-1]
        if "real" in asked:
            ask_variants(exam, examinee, self.variants)
        marks = training.check(exam.task.name, exam.samples, exam.folder, exam.on_progress)
        scores = exam.folder / "scores.json"
        answers = read_predictions(predictions)
        for line in failed_under(asked, answers):
            tell(line)
        protocols = side_by_side(answers, exam.task.protocols)
        write_scores(scores, score(answers, training.prior, protocols, marks))
        write_findings(exam.folder)
        return scores


def failed_under(controls: Sequence[str], answers: Sequence[Prediction]) -> Iterator[str]:
    """Yield a sentence for each control that lacks answers: it is scored without these questions, or not at all."""
    for control in controls:
        rows = [row for row in answers if row.image_control == control]
        failed = [row for row in rows if row.status == "error"]
        if failed and control != "real":
            yield (
                f"{rows[0].task}: {len(failed):,} of {len(rows):,} questions have no answer under {control} and are "
                f"left out of its scores (the first: {failed[0].output})"
            )


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
