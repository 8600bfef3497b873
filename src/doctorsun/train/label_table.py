"""Labels: the facts of images as numbers, of a whole image and of its patches."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from doctorsun.errors import RecipeError
from doctorsun.processor.image_processor import Box

# Details of a finding that is present; each is a question with one value.
_DETAILS = ("side", "zone", "size_class", "count")
_OF_IMAGE = ("modality", "plane", "anatomy")


@dataclass(frozen=True, slots=True)
class Label:
    """One value of one question, such as ``nodule.side`` = ``left``."""

    question: str
    value: str


class LabelTable:
    """The labels that a set of facts can have; of a question with two values, one label says all.

    Args:
        labels: of an image.
        boxed_findings: names of the findings whose places are known, too.
    """

    def __init__(self, labels: Sequence[Label], boxed_findings: Sequence[str] = ()) -> None:
        self.labels = tuple(labels)
        self.boxed_findings = tuple(boxed_findings)

    @classmethod
    def of(cls, facts: Iterable[str]) -> "LabelTable":
        """Collect the labels of facts, given as JSON.

        Raises:
            RecipeError: no question has two values.
        """
        values: dict[str, set[str]] = {}
        boxed: set[str] = set()
        for text in facts:
            boxed |= {finding["name"] for finding in _findings(text) if finding["boxes"]}
            for question, value in _answers(text):
                values.setdefault(question, set()).add(value)
        labels = [
            Label(question, value)
            for question, found in sorted(values.items())
            for value in (sorted(found)[1:] if len(found) == 2 else sorted(found))  # noqa: PLR2004
            if len(found) > 1
        ]
        if not labels:
            raise RecipeError(
                "a stage with 'objective: labels' finds nothing to learn",
                got="samples without facts, or whose facts are all alike",
                expected="images whose findings vary",
                do="take a source that was made from annotations",
            )
        return cls(labels, sorted(boxed))

    def encode(self, facts: str) -> Float[np.ndarray, " labels"]:
        """Return 1 for each label that holds, 0 where another value does, NaN where the facts do not tell."""
        answers = dict(_answers(facts))
        return np.array(
            [
                float(answers[label.question] == label.value) if label.question in answers else np.nan
                for label in self.labels
            ],
            dtype=np.float32,
        )

    def encode_patches(
        self, facts: str, boxes: Sequence[tuple[str, Box]], side: int
    ) -> Float[np.ndarray, "findings patches"]:
        """Return how much of each boxed finding each patch holds; NaN where the facts do not tell.

        Args:
            facts: of one image.
            boxes: finding and place, in thousandths of the tower's square.
            side: patches along a side of it.
        """
        present = {finding["name"]: finding["present"] for finding in _findings(facts)}
        encoded = np.full((len(self.boxed_findings), side * side), np.nan, dtype=np.float32)
        for row, name in enumerate(self.boxed_findings):
            places = [box for label, box in boxes if label == name]
            if name in present and bool(places) == present[name]:
                encoded[row] = np.max([np.zeros(side * side), *(patch_shares(box, side) for box in places)], axis=0)
        return encoded


def patch_shares(box: Box, side: int) -> Float[np.ndarray, " patches"]:
    """Return for each patch, row by row, the part of the box that it holds, or the part of it that the box fills.

    Args:
        box: in thousandths of the square.
        side: patches along a side of it.
    """
    edges = np.arange(side + 1) * 1000 / side
    across, down = (
        np.clip(np.minimum(edges[1:], high) - np.maximum(edges[:-1], low), 0, None)
        for low, high in ((box[0], box[2]), (box[1], box[3]))
    )
    smaller = min((1000 / side) ** 2, (box[2] - box[0]) * (box[3] - box[1]))
    return (np.outer(down, across).ravel() / smaller).astype(np.float32) if smaller > 0 else np.zeros(side * side)


def _answers(facts: str) -> Iterator[tuple[str, str]]:
    """Yield each question that facts answer, with its value."""
    known = _known(facts)
    for question in _OF_IMAGE:
        if known.get(question):
            yield question, str(known[question])
    for name, value in known.get("attributes", {}).items():
        yield name, str(value)
    for finding in _findings(facts):
        yield finding["name"], str(finding["present"])
        for detail in _DETAILS:
            if finding["present"] and finding[detail]:
                yield f"{finding['name']}.{detail}", str(finding[detail])


def _findings(facts: str) -> list[dict[str, Any]]:
    return _known(facts).get("findings", [])


def _known(facts: str) -> dict[str, Any]:
    return json.loads(facts) if facts else {}
