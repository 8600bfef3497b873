"""Protocols: named, versioned and frozen rules that judge answers; stored answers can be judged again by any."""

from collections.abc import Iterable

from doctorsun.config.suggest import did_you_mean, one_of
from doctorsun.errors import RecipeError
from doctorsun.eval.protocols.box_iou import BOX_IOU_1
from doctorsun.eval.protocols.chinese_exams import CMB_OFFICIAL_1, CMEXAM_OFFICIAL_1
from doctorsun.eval.protocols.injection import INJECTION_1
from doctorsun.eval.protocols.llava_med import LLAVA_MED_CLOSED_1, LLAVA_MED_OPEN_1
from doctorsun.eval.protocols.lmms_slake import LMMS_SLAKE_1
from doctorsun.eval.protocols.loglik import CLOSED_LOGLIK_1, MCQ_LOGLIK_1, MCQ_LOGLIK_NORM_1
from doctorsun.eval.protocols.mcq_strict import MCQ_MULTI_1, MCQ_STRICT_1
from doctorsun.eval.protocols.medevalkit import MEDEVALKIT_CLOSED_1, MEDEVALKIT_MCQ_1, MEDEVALKIT_OPEN_1
from doctorsun.eval.protocols.mmmu_official import MMMU_OFFICIAL_1
from doctorsun.eval.protocols.multimedeval import MULTIMEDEVAL_QA_1, MULTIMEDEVAL_VQA_1
from doctorsun.eval.protocols.open_tokens import OPEN_TOKENS_1
from doctorsun.eval.protocols.polarity import POLARITY_1, POLARITY_2
from doctorsun.eval.protocols.pubmedqa_official import PUBMEDQA_OFFICIAL_1
from doctorsun.eval.protocols.refusal import REFUSAL_1
from doctorsun.eval.protocols.refusal_2 import OVER_REFUSAL_1, REFUSAL_2
from doctorsun.eval.protocols.report_findings import REPORT_FINDINGS_1
from doctorsun.eval.protocols.report_ngrams import REPORT_NGRAMS_1
from doctorsun.eval.protocols.verdict import Protocol, Verdict
from doctorsun.schema import AnswerKind

# One for each kind of answer: what judges it where nothing is named.
HOUSE_PROTOCOLS = (POLARITY_2, MCQ_STRICT_1, MCQ_MULTI_1, OPEN_TOKENS_1, BOX_IOU_1, REPORT_NGRAMS_1)
PROTOCOLS = (
    *HOUSE_PROTOCOLS,
    POLARITY_1,
    MCQ_LOGLIK_1,
    MCQ_LOGLIK_NORM_1,
    CLOSED_LOGLIK_1,
    REPORT_FINDINGS_1,
    REFUSAL_2,
    OVER_REFUSAL_1,
    REFUSAL_1,
    INJECTION_1,
    LLAVA_MED_CLOSED_1,
    LLAVA_MED_OPEN_1,
    MEDEVALKIT_CLOSED_1,
    MEDEVALKIT_OPEN_1,
    MEDEVALKIT_MCQ_1,
    MULTIMEDEVAL_VQA_1,
    MULTIMEDEVAL_QA_1,
    LMMS_SLAKE_1,
    MMMU_OFFICIAL_1,
    CMB_OFFICIAL_1,
    CMEXAM_OFFICIAL_1,
    PUBMEDQA_OFFICIAL_1,
)

__all__ = [
    "HOUSE_PROTOCOLS",
    "PROTOCOLS",
    "Protocol",
    "Verdict",
    "protocol_for",
    "protocols_for",
    "protocols_named",
    "rule_of",
]


def protocol_for(kind: AnswerKind) -> Protocol:
    """Return the house protocol of a kind of answer."""
    return next(protocol for protocol in HOUSE_PROTOCOLS if kind in protocol.kinds)


def rule_of(name: str) -> str:
    """Return the name of a protocol without its version."""
    return name.partition("@")[0]


def protocols_for(kind: AnswerKind, names: Iterable[str]) -> list[Protocol]:
    """Return the protocols of these names that judge this kind of answer, or the house protocol where none does.

    Raises:
        RecipeError: there is no protocol of a name.
    """
    named = (protocol for name in names for protocol in protocols_named(name))
    return [protocol for protocol in named if kind in protocol.kinds] or [protocol_for(kind)]


def protocols_named(name: str) -> list[Protocol]:
    """Return the protocol of this name: in several parts where it has other metrics for another kind of answer.

    Raises:
        RecipeError: there is none.
    """
    found = [protocol for protocol in PROTOCOLS if protocol.name == name]
    if not found:
        known = dict.fromkeys(protocol.name for protocol in PROTOCOLS)
        raise RecipeError("protocol", got=repr(name), expected=one_of(known), do=did_you_mean(name, known))
    return found
