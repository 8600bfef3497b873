"""MarkedStack: what is marked on the slices of a volume or series, and the choice of slices that show it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import ceil
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from doctorsun.config.section import Section
from doctorsun.data.readers.record import Mark
from doctorsun.image.geometry import box_of_mask

COVERED_SHARE = 0.5  # of its largest cross-section: a slice that shows that much of a label shows it well
SLIVER_SHARE = 0.1  # less than that of the largest cross-section is the rim of something
MIN_GAP = 2  # neighbours look alike


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkedObject:
    """One marked thing.

    Attributes:
        label: in the data set's own words.
        areas: how many pixels it has on each slice.
        mask_on: its mask [height, width] on a slice, as the slice is shown.
    """

    label: str
    areas: NDArray[np.int64]
    mask_on: Callable[[int], NDArray[np.bool_]]

    @property
    def extent(self) -> tuple[int, int]:
        """First and last slice."""
        slices = np.flatnonzero(self.areas)
        return int(slices[0]), int(slices[-1])


@dataclass(frozen=True)
class MarkedStack:
    """All that is marked on the slices of a case.

    Attributes:
        num_slices: slices in all.
        labels: what the annotation tells of: on a slice without its mask a label is absent.
        objects: what is marked, none of it empty.
        distance_mm: from slice to slice; None where it is not known.
    """

    num_slices: int
    labels: tuple[str, ...]
    objects: tuple[MarkedObject, ...]
    distance_mm: float | None = None

    def marks_on(self, index: int) -> tuple[Mark, ...]:
        """Return what a slice shows."""
        marks: list[Mark] = []
        for item in self.objects:
            if item.areas[index]:
                mask = item.mask_on(index)
                marks.append(Mark(label=item.label, box_px=box_of_mask(mask), mask=mask, slices=item.extent))
        return tuple(marks)

    def labels_on(self, indices: Sequence[int]) -> dict[str, bool]:
        """Tell for every label whether it is on one of the slices."""
        shown = {item.label for item in self.objects if item.areas[list(indices)].any()}
        return {label: label in shown for label in self.labels}

    @cached_property
    def areas(self) -> Mapping[str, NDArray[np.int64]]:
        """Pixels of each label that is there on each slice."""
        areas: dict[str, NDArray[np.int64]] = {}
        for item in self.objects:
            areas[item.label] = areas.get(item.label, np.zeros(self.num_slices, dtype=np.int64)) + item.areas
        return areas


class SliceChoice(Section):
    """Which slices of a volume become pictures."""

    num_slices: Annotated[int, Field(ge=1)] = 4
    """How many show something: first those with the largest cross-sections of all labels, then others far from them."""
    num_clear: Annotated[int, Field(ge=0)] = 1
    """How many show none of it, those nearest to the middle."""
    lesions: tuple[str, ...] = ()
    """The labels that slices are chosen by; all of them when not given."""
    gap_mm: Annotated[float, Field(ge=0)] = 5.0
    """Chosen slices are at least so far apart, and never neighbours."""

    def choose(self, stack: MarkedStack) -> list[int]:
        """Return the numbers of the slices in their order."""
        gap = max(MIN_GAP, ceil(self.gap_mm / stack.distance_mm - 1e-6)) if stack.distance_mm else MIN_GAP
        areas = {label: own for label, own in stack.areas.items() if not self.lesions or label in self.lesions}
        free = np.ones(stack.num_slices, dtype=np.bool_)
        chosen: list[int] = []

        def take(scores: NDArray[np.floating], limit: int) -> bool:
            """Take the free slice of the highest score above zero, if there is one and room for it."""
            best = int(np.argmax(np.where(free, scores, 0)))
            if len(chosen) >= limit or not free[best] or scores[best] <= 0:
                return False
            chosen.append(best)
            free[max(best - gap + 1, 0) : best + gap] = False
            return True

        shares = {label: own / own.max() for label, own in areas.items()}
        self._cover(shares, take, chosen)
        total = sum(shares.values(), start=np.zeros(stack.num_slices))
        numbers = np.arange(stack.num_slices)
        while chosen:
            nearest = np.abs(numbers[:, None] - chosen).min(axis=1)
            if not take(np.where(total >= SLIVER_SHARE, nearest + total / (1 + total.max()), 0), self.num_slices):
                break
        limit = len(chosen) + self.num_clear
        from_middle = np.abs(numbers - (stack.num_slices - 1) / 2)
        while take(np.where(total == 0, stack.num_slices - from_middle, 0), limit):
            pass
        return sorted(chosen)

    def _cover(
        self,
        shares: Mapping[str, NDArray[np.floating]],
        take: Callable[[NDArray[np.floating], int], bool],
        chosen: Sequence[int],
    ) -> None:
        """Take slices until every label is on one that shows it well, or none can be added."""
        left = dict(shares)
        while left and take(np.sum(list(left.values()), axis=0), self.num_slices):
            best = chosen[-1]
            most = max(left, key=lambda label: left[label][best])
            left = {label: own for label, own in left.items() if own[best] < COVERED_SHARE and label != most}
