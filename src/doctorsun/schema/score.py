"""Score: one number with its interval and everything needed to read it."""

from dataclasses import dataclass
from typing import Literal

Control = Literal["real", "blank", "noise", "shuffled", "prior"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """One metric of one slice of one task.

    Attributes:
        protocol: the named, versioned scorer, such as ``polarity@1``.
        metric: ``accuracy``, ``macro_accuracy`` (mean over question types), ``precision``, ``recall``, ``f1`` ...
        value: share metrics lie in [0, 1].
        low: lower end of the 95 % interval, clustered by image or article.
        high: upper end of that interval.
        num_invalid: answers in which the protocol found none; they count as wrong.
        slice: None for the whole, else ``field=value`` such as ``question_type=presence:nodule``.
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
