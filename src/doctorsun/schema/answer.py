"""What a right answer is, for samples that can be scored."""

from dataclasses import dataclass
from typing import Literal

AnswerKind = Literal["closed", "mcq", "mcq_multi", "open", "report", "box"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The truth of one question.

    Attributes:
        kind: how the answer is judged.
        options: texts of the choices in order; their letters are A, B, C and so on.
        gold: closed, open, report: every accepted answer; mcq, mcq_multi: the right letters;
            box: ``label x0 y0 x1 y1`` in absolute pixels.
    """

    kind: AnswerKind
    gold: tuple[str, ...]
    options: tuple[str, ...] = ()
