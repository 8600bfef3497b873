"""The steps on all samples together, in their order: duplicates, caps, splits; over sketches alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from doctorsun.config.curation import Curation
from doctorsun.data.curate.candidate import Rejected
from doctorsun.data.curate.caps import label_cap, source_cap
from doctorsun.data.curate.cut_pictures import with_cut_pictures
from doctorsun.data.curate.exact_images import exact_images
from doctorsun.data.curate.groups import groups_of, refuse_two_sides, ties_of
from doctorsun.data.curate.image_prints import ImagePrints
from doctorsun.data.curate.near_images import near_images, picture_classes
from doctorsun.data.curate.near_pictures import NO_PAIRS, NearPictures, near_pictures
from doctorsun.data.curate.near_texts import near_texts
from doctorsun.data.curate.preference import Preference
from doctorsun.data.curate.shown_images import Numbers, ShownImages
from doctorsun.data.curate.sides import TRAIN, Sided, official_sides
from doctorsun.data.curate.sketches import Sketches
from doctorsun.data.curate.splits import split_of
from doctorsun.data.curate.studies import Studies
from doctorsun.data.curate.text_ties import text_ties
from doctorsun.schema import Sample


class SecondLook(Protocol):
    """Reads again what a sketch leaves out; asked for few samples."""

    def picture(self, place: int, number: int) -> bytes | None:
        """Return the encoded image of a sample by its number there."""
        ...

    def sample(self, place: int) -> Sample:
        """Return a sample as the steps on it left it; the bytes of its images may be missing."""
        ...


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of every sample.

    Attributes:
        rejected: why samples go, by their places.
        splits: the split of each of the others, by their places.
        num_groups: groups among those that stay.
        largest_group: samples of the largest one.
    """

    rejected: dict[int, Rejected]
    splits: Mapping[int, str]
    num_groups: int
    largest_group: int


def decide_rows(sketches: Sketches, settings: Curation, looks: SecondLook, scratch: Path | None = None) -> Decision:
    """Put all samples through every step on them together.

    The outcome depends on what the samples are, not on their order or on how they lie in shards. Groups are made of
    all samples, those that go included: a copy that goes still tells that two patients are one.

    Args:
        sketches: of the samples that are left.
        settings: of every step.
        looks: for the second look.
        scratch: the folder of scratch files; by default that of the system.

    Raises:
        DataError: a group would lie on two sides.
        OSError: a scratch file cannot be written.
    """
    shown = ShownImages.of(sketches)
    keeps_official = settings.splits is None or settings.splits.by == "official"
    preference = Preference.of(sketches, keeps_official=keeps_official)
    near = tied = NO_PAIRS
    if settings.near_images is not None:
        bits, studies = settings.near_images.most_bits, Studies.of(sketches, shown)
        prints = ImagePrints.of(sketches, shown, preference.ranks)
        near = near_pictures(prints, studies, bits, looks.picture)
        tied = with_cut_pictures(
            sketches, near, prints=prints, studies=studies, most_bits=bits, picture_of=looks.picture, scratch=scratch
        )
        del prints, studies  # the larger part of the memory
    left = _Left(sketches)
    _drop_duplicates(left, settings, looks, shown=shown, near=near, preference=preference, scratch=scratch)
    ties = ties_of(sketches, shown, picture_classes(shown, tied))
    if settings.near_texts is not None:
        ties += text_ties(sketches, shown, settings.near_texts.least_similarity, looks.sample, scratch)
    groups = groups_of(len(sketches), ties, left.copies)
    _drop_over_caps(left, settings, preference.sides)
    sides = np.where(left.is_left, official_sides(sketches), -1)
    if settings.splits is not None:
        rows = left.rows
        sides[rows], gone = split_of(sketches.at(rows), settings.splits, groups[rows])
        left.rejected |= gone
        refuse_two_sides(sketches, ties, sides)
    stays = np.flatnonzero(sides >= 0)
    sizes = np.unique(groups[stays], return_counts=True)[1]
    return Decision(
        left.rejected, Sided(sketches.places, sides), num_groups=len(sizes), largest_group=int(sizes.max(initial=0))
    )


class _Left:
    """Which rows are left, and why the others went."""

    def __init__(self, sketches: Sketches) -> None:
        self.sketches = sketches
        self.is_left = np.ones(len(sketches), dtype=np.bool_)
        self.rejected: dict[int, Rejected] = {}
        self.copies = np.empty((0, 2), dtype=np.int64)

    @property
    def rows(self) -> Numbers:
        return np.flatnonzero(self.is_left)

    def drop(self, reason: str, details: dict[int, str]) -> None:
        """Note why rows go."""
        places = self.sketches.places
        self.is_left[list(details)] = False
        self.rejected |= {int(places[row]): Rejected(reason, detail) for row, detail in details.items()}

    def drop_copies(self, reason: str, copies: dict[int, int]) -> None:
        """Note which rows go because others that stay are like them."""
        ids = self.sketches.values("id", list(copies.values()))
        self.copies = np.concatenate([self.copies, np.array(list(copies.items()), dtype=np.int64).reshape(-1, 2)])
        self.drop(reason, {row: f"like {ids[best]}" for row, best in copies.items()})


def _drop_duplicates(
    left: _Left,
    settings: Curation,
    looks: SecondLook,
    *,
    shown: ShownImages,
    near: NearPictures,
    preference: Preference,
    scratch: Path | None,
) -> None:
    sketches = left.sketches
    if settings.exact_images is not None:
        left.drop_copies("exact_duplicate", exact_images(sketches, left.rows, shown=shown, preference=preference))
    if settings.near_images is not None:
        copies = near_images(sketches, left.rows, shown=shown, near=near, preference=preference)
        left.drop_copies("near_duplicate_image", copies)
    if settings.near_texts is not None:
        least = settings.near_texts.least_similarity
        copies = near_texts(
            sketches,
            left.rows,
            least,
            shown=shown,
            near=near,
            preference=preference,
            sample_of=looks.sample,
            scratch=scratch,
        )
        left.drop_copies("near_duplicate_text", copies)


def _drop_over_caps(left: _Left, settings: Curation, sides: Numbers) -> None:
    """Drop what is too much of one kind; what publishers hold out does not count."""
    for reason, step in (("label_cap", label_cap), ("source_cap", source_cap)):
        cap = getattr(settings, reason)
        if cap is not None and cap.most is not None:
            rows = left.rows
            left.drop(reason, step(left.sketches, rows[sides[rows] == TRAIN], cap.most))
