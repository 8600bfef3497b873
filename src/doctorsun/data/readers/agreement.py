"""Agreement: what several people drew on one picture, each on their own, as the objects that enough of them saw.

VinDr-CXR has the boxes of three radiologists for each training image: all of them together would count one finding up
to three times.
"""

from collections.abc import Sequence
from itertools import groupby

import numpy as np

from doctorsun.data.readers.record import Mark
from doctorsun.image.geometry import Box

SAME_PLACE = 0.4  # intersection over union: VinDr-CXR's own challenge took boxes for one finding from 0.4 on

Drawn = tuple[str, Mark]
"""Who drew it, and what."""


def agreed_marks(drawn: Sequence[Drawn], votes: int) -> list[Mark]:
    """Return the objects that at least so many people drew.

    Boxes of one label overlap enough to be one object, each of another person; its box is their mean.

    Args:
        drawn: in any order; masks are not looked at.
        votes: people that an object needs.
    """
    groups: list[list[Drawn]] = []
    for person, mark in sorted(drawn, key=lambda each: (each[1].label, each[0], each[1].box_px)):
        found = max(groups, key=lambda group: _closeness(group, person, mark), default=None)
        if found is not None and _closeness(found, person, mark) >= SAME_PLACE:
            found.append((person, mark))
        else:
            groups.append([(person, mark)])
    return [_mean([mark for _, mark in group]) for group in groups if len(group) >= votes]


def agreed_labels(named: Sequence[tuple[str, str]], votes: int) -> list[str]:
    """Return the labels that at least so many people named, from pairs of person and label."""
    pairs = sorted({(label, person) for person, label in named})
    return [label for label, people in groupby(pairs, key=lambda pair: pair[0]) if len(list(people)) >= votes]


def _closeness(group: Sequence[Drawn], person: str, mark: Mark) -> float:
    """Return how well a mark fits the objects of a group: 0 where it is another label or the same person's."""
    if group[0][1].label != mark.label or any(each == person for each, _ in group):
        return 0.0
    return min(_overlap(each.box_px, mark.box_px) for _, each in group)


def _overlap(a: Box, b: Box) -> float:
    """Return the intersection over the union of two boxes."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    both = max(width, 0.0) * max(height, 0.0)
    return both / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both)


def _mean(marks: Sequence[Mark]) -> Mark:
    x0, y0, x1, y1 = np.mean([mark.box_px for mark in marks], axis=0).tolist()
    return Mark(label=marks[0].label, box_px=(x0, y0, x1, y1))
