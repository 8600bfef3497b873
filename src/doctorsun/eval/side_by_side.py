"""Which protocols an evaluation is scored by, side by side."""

from collections.abc import Sequence

from doctorsun.eval.protocols import protocols_for
from doctorsun.eval.protocols.loglik import CLOSED_LOGLIK_1, MCQ_LOGLIK_1, is_told
from doctorsun.schema import AnswerKind, Prediction


def side_by_side(predictions: Sequence[Prediction], names: Sequence[str]) -> list[str]:
    """Return the names of the protocols of answers: a task's own, or those of the house, and those of likelihoods.

    The latter stand beside them for the kinds of questions of which every answer tells how likely its options were.

    Args:
        predictions: the answers.
        names: what the task names.
    """
    kinds: dict[AnswerKind, None] = {row.kind: None for row in predictions}
    chosen = [protocol.name for kind in kinds for protocol in protocols_for(kind, names)]
    by_likelihood = [
        protocol.name
        for protocol in (MCQ_LOGLIK_1, CLOSED_LOGLIK_1)
        for kind in protocol.kinds
        if kind in kinds and all(is_told(row) for row in predictions if row.kind == kind)
    ]
    return list(dict.fromkeys([*chosen, *by_likelihood]))
