"""Protocols: named, versioned and frozen rules that judge answers; stored answers can be judged again by any."""

from doctorsun.errors import RecipeError
from doctorsun.eval.protocols.box_iou import BOX_IOU_1
from doctorsun.eval.protocols.loglik import CLOSED_LOGLIK_1, MCQ_LOGLIK_1, MCQ_LOGLIK_NORM_1
from doctorsun.eval.protocols.mcq_strict import MCQ_MULTI_1, MCQ_STRICT_1
from doctorsun.eval.protocols.open_tokens import OPEN_TOKENS_1
from doctorsun.eval.protocols.polarity import POLARITY_1
from doctorsun.eval.protocols.refusal import REFUSAL_1
from doctorsun.eval.protocols.report_findings import REPORT_FINDINGS_1
from doctorsun.eval.protocols.report_ngrams import REPORT_NGRAMS_1
from doctorsun.eval.protocols.verdict import Protocol, Verdict
from doctorsun.schema import AnswerKind

# The first of a kind is its house protocol.
PROTOCOLS = (
    POLARITY_1,
    MCQ_STRICT_1,
    MCQ_MULTI_1,
    OPEN_TOKENS_1,
    BOX_IOU_1,
    REPORT_NGRAMS_1,
    MCQ_LOGLIK_1,
    MCQ_LOGLIK_NORM_1,
    CLOSED_LOGLIK_1,
    REPORT_FINDINGS_1,
    REFUSAL_1,
)

__all__ = ["PROTOCOLS", "Protocol", "Verdict", "protocol_for", "protocol_named"]


def protocol_for(kind: AnswerKind) -> Protocol:
    """Return the house protocol of a kind of answer."""
    return next(protocol for protocol in PROTOCOLS if kind in protocol.kinds)


def protocol_named(name: str) -> Protocol:
    """Return the protocol of this name.

    Raises:
        RecipeError: there is none.
    """
    for protocol in PROTOCOLS:
        if protocol.name == name:
            return protocol
    raise RecipeError("protocol", got=repr(name), expected="one of " + ", ".join(p.name for p in PROTOCOLS))
