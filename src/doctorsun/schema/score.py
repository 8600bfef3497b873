"""Score: one number with its interval and everything needed to read it."""

from dataclasses import dataclass
from typing import Literal

Control = Literal["real", "blank", "noise", "shuffled", "none", "prior", "constant"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """One metric of one slice of one task.

    Attributes:
        protocol: the named, versioned scorer, such as ``polarity@2``.
        metric: ``accuracy``, ``macro_accuracy`` (mean over question types), ``precision``, ``recall``, ``f1`` ...
        value: share metrics lie in [0, 1].
        low: lower end of the 95 % interval, clustered by image or article.
        high: upper end of that interval.
        n: answers that this number is made of: its denominator.
        num_invalid: answers in which the protocol found none; they count as wrong.
        control: what answered in the model's place; ``constant`` is the best of the protocol's answers that look at no
            question.
        slice: None for the whole, else ``field=value`` such as ``question_type=presence:nodule``.
        num_rows: questions of the task in this language, of every kind, that count under this control.
        num_closed: those of them that are closed; the closed denominator.
        num_open: those of them that are open; the open denominator.
        num_clusters: images or articles that the n questions are about.
        num_errors: questions that were not answered at all. The model's are of the n, and invalid too; a control's
            are left out of the n.
        num_truncated: of the n, answers cut at the limit of tokens.
        mean_chars: mean length of an answer in characters.
        mean_tokens: mean length of an answer in the model's tokens; None where the answers do not tell.
        prompt: first 16 hexadecimal digits of a SHA-256 over the ids and the words put; empty where they are unknown.
        decoding: how the answers were drawn; several ways are joined by `` | ``.
    """

    task: str
    language: str
    kind: str
    protocol: str
    metric: str
    value: float
    low: float
    high: float
    n: int
    num_invalid: int
    control: Control = "real"
    slice: str | None = None
    model: str = ""
    num_rows: int = 0
    num_closed: int = 0
    num_open: int = 0
    num_clusters: int = 0
    num_errors: int = 0
    num_truncated: int = 0
    mean_chars: float = 0.0
    mean_tokens: float | None = None
    prompt: str = ""
    decoding: str = ""
