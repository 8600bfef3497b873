"""``calibration.json``: of each task beside its scores, and of all tasks together beside the weights, for serving."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from doctorsun.errors import DataError
from doctorsun.eval.calibration import calibrate
from doctorsun.eval.choices import choices_of
from doctorsun.eval.predictions import read_predictions
from doctorsun.schema import Prediction
from doctorsun.storage.atomic import sha256_file, write_json
from doctorsun.weights.folder import CALIBRATION

VERSION = 1


def calibrate_task(predictions: Path) -> Path | None:
    """Write the calibration of one task beside its predictions; None where options have no likelihoods.

    Raises:
        DataError: the predictions cannot be read.
    """
    path = predictions.with_name(CALIBRATION)
    path.unlink(missing_ok=True)
    kinds, left_out = _by_kind(read_predictions(predictions))
    if not kinds:
        return None
    write_json(path, {"version": VERSION, "kinds": kinds, "left_out": left_out})
    return path


def calibrate_weights(weights: Path, revision: str, files: Sequence[Path], tell: Callable[[str], None]) -> Path | None:
    """Write ``calibration.json`` beside weights, from their answers to all tasks; None where these are too few.

    Args:
        weights: a folder of weights.
        revision: of these weights; the file holds for no others.
        files: the predictions of each task.
        tell: told why nothing could be written.

    Raises:
        DataError: the answers are of other weights.
    """
    rows = [row for path in files for row in read_predictions(path)]
    others = sorted({row.revision for row in rows} - {revision})
    if others:
        raise DataError(f"calibration of {weights}", got=f"answers of revision {others[0]}", expected=revision)
    kinds, left_out = _by_kind(rows)
    if not kinds:
        why = "; ".join(left_out.values()) or "no answers with likelihoods of options"
        tell(f"no calibration of {weights}: {why}; ask more closed or multiple-choice questions")
        return None
    content = {
        "version": VERSION,
        "revision": revision,
        "tasks": sorted({row.task for row in rows}),
        "predictions": {path.parent.name: sha256_file(path) for path in files},
        "kinds": kinds,
        "left_out": left_out,
    }
    path = weights / CALIBRATION
    write_json(path, content)
    return path


def _by_kind(rows: Iterable[Prediction]) -> tuple[Mapping[str, dict[str, Any]], Mapping[str, str]]:
    """Return the calibration of each kind of question, and why others have none; attacked questions tell nothing."""
    groups: dict[str, list[Prediction]] = defaultdict(list)
    for row in rows:
        if row.option_logprobs and row.variant_kind not in ("injection", "neutral"):
            groups[row.kind].append(row)
    kinds: dict[str, dict[str, Any]] = {}
    left_out: dict[str, str] = {}
    for kind, members in sorted(groups.items()):
        try:
            kinds[kind] = asdict(calibrate(choices_of(members)))
        except DataError as error:
            left_out[kind] = f"{kind}: {error.got}, {error.expected} are needed"
    return kinds, left_out
