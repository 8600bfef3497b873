"""Scores of a file of predictions, of any model, by the protocols that are asked for side by side."""

from collections.abc import Sequence
from pathlib import Path

from doctorsun.errors import DataError
from doctorsun.eval.predictions import read_predictions
from doctorsun.eval.protocols import protocols_named
from doctorsun.eval.scoring import score
from doctorsun.eval.side_by_side import side_by_side
from doctorsun.schema import Score


def score_file(path: Path, protocols: Sequence[str] = ()) -> list[Score]:
    """Return the scores of the answers of a file.

    Args:
        path: see ``read_predictions``.
        protocols: names; kinds of answers that none of them judges have no score. Without any, those of the house, and
            of likelihoods where every answer tells them.

    Raises:
        DataError: the file cannot be read or judged, or a protocol is about none of its answers.
        RecipeError: there is no such file, or no protocol of such a name.
    """
    judged = {name: {kind for part in protocols_named(name) for kind in part.kinds} for name in protocols}
    predictions = read_predictions(path)
    present = {row.kind for row in predictions}
    for name, kinds in judged.items():
        if predictions and not kinds & present:
            raise DataError(
                f"protocol {name} on {path}",
                got="answers of kind " + ", ".join(sorted(present)),
                expected=" or ".join(sorted(kinds)),
                do="leave this protocol out",
            )
        if predictions and not any(part.asks(row) for part in protocols_named(name) for row in predictions):
            raise DataError(
                f"protocol {name} on {path}", got="no question that it is about", do="leave this protocol out"
            )
    if not judged:
        return score(predictions, protocols=side_by_side(predictions, ()))
    return [row for row in score(predictions, protocols=list(judged)) if row.protocol in judged]
