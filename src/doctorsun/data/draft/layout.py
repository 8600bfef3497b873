"""Layout: what a draft says of a data set."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Task = Literal["classification", "detection", "segmentation", "report", "caption", "question"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """A guess at how a data set is laid out.

    Attributes:
        reader: the reader section of the adapter.
        labels: the data set's own labels.
        splits: the values of the field ``{split}`` and what they mean; empty where the paths do not tell.
        told: values of the page that the files tell themselves, such as ``modality``, by key.
        remarks: what the reader of the draft should look at.
    """

    task: Task
    reader: dict[str, Any]
    labels: Sequence[str] = ()
    splits: dict[str, str] = field(default_factory=dict[str, str])
    told: dict[str, Any] = field(default_factory=dict[str, Any])
    remarks: Sequence[str] = ()
