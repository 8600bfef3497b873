"""Measures: what the marks of an annotated image tell in numbers: how many, how large, where, on whose side."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np

from doctorsun.data.convert.annotation import AnnotatedImage, AnnotatedObject
from doctorsun.data.ontology.ontology import Ontology
from doctorsun.data.ontology.terms import FindingTerm
from doctorsun.image.geometry import Box, box_center, long_side_mm, overlap_share, side_at_left_edge

PLACES = (
    ("top_left", "top", "top_right"),
    ("middle_left", "centre", "middle_right"),
    ("bottom_left", "bottom", "bottom_right"),
)
LEAST_SHARE_OF_REGION = 0.6  # of a mark must lie in reference regions for its side to hold
LEAST_SHARE_OF_BOTH = 0.1  # of an outline in the regions of each side make it bilateral
MOST_SHARE_OF_OTHER = 0.02  # of an outline in the other side's regions is the drawing's inaccuracy
MIDLINE_SHARE = 0.05  # of the width, on both sides of the middle, is nobody's half
Half = Literal["left", "right", ""]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """What the marks of one label tell of it; empty or None where they do not.

    Attributes:
        boxes: indices into the image's objects.
        outlined: each of them has a mask; else they are boxes alone, which are larger than what they hold.
        complete: no others are on the image, as far as is known.
        counted: each of them is one thing: boxes are, and outlined cells; an outlined finding may be in several parts,
            or several may have grown together.
        area_share: share of the picture that the masks, or the boxes, cover together, in [0, 1].
        place: the ninth of the picture that holds the centre of every box, and as much of its mask as any other ninth;
            empty where an outline is spread over the picture, as opacities of both lungs are.
        half: the half of the picture that holds every box; it says nothing of the patient's side.
        side: the patient's side: left, right or bilateral.
        side_from: how that is known: by the label's own side, a marked region, or the orientation of the image.
        slices: first and last slice of the volume on which it is marked.
        size_mm: the longest side of the largest box.
        area_mm2: what the masks cover together.
    """

    name: str
    boxes: tuple[int, ...]
    outlined: bool
    complete: bool = True
    counted: bool
    area_share: float
    place: str = ""
    half: Half = ""
    side: str = ""
    side_from: Literal["label", "region", "orientation", ""] = ""
    slices: tuple[int, int] | None = None
    size_mm: float | None = None
    area_mm2: float | None = None


def measures_of(annotated: AnnotatedImage, ontology: Ontology) -> tuple[Measure, ...]:
    """Measure every label that is marked, in the order in which labels first appear.

    Raises:
        DataError: a label is not in the ontology.
    """
    marked: dict[str, list[int]] = {}
    for index, item in enumerate(annotated.objects):
        marked.setdefault(item.label, []).append(index)
    size = picture_size(annotated)
    return tuple(
        _measure(ontology.finding(name), indices, annotated, size, ontology) for name, indices in marked.items()
    )


def picture_size(annotated: AnnotatedImage) -> tuple[int, int]:
    """Return (height, width) of the picture in pixels."""
    picture = annotated.picture
    return picture.shape[:2] if isinstance(picture, np.ndarray) else (picture.height, picture.width)


def _measure(
    term: FindingTerm, indices: Sequence[int], annotated: AnnotatedImage, size: tuple[int, int], ontology: Ontology
) -> Measure:
    """Measure the marks of one label."""
    items = [annotated.objects[index] for index in indices]
    spacing_mm = annotated.acquisition.spacing_mm
    covered = covered_pixels(items, size)
    outlined = all(item.mask is not None for item in items)
    complete = term.id not in annotated.incomplete
    places = {_place_of_mark(item, size) for item in items}
    halves: list[Half] = [half_of(item.box_px, size) for item in items]
    side, side_from = _side(term, items, halves, annotated, ontology)
    slices = [item.slices for item in items if item.slices is not None]
    return Measure(
        name=term.id,
        boxes=tuple(indices),
        outlined=outlined,
        complete=complete,
        counted=complete and (not outlined or ontology.kind(term.id) == "cell"),
        area_share=round(covered / (size[0] * size[1]), 4),
        place=places.pop() if complete and len(places) == 1 else "",
        half=halves[0] if halves.count(halves[0]) == len(halves) else "",
        side=side,
        side_from=side_from,
        slices=(min(first for first, _ in slices), max(last for _, last in slices)) if slices else None,
        size_mm=round(max(long_side_mm(item.box_px, spacing_mm) for item in items), 1) if spacing_mm else None,
        area_mm2=round(covered * spacing_mm[0] * spacing_mm[1], 1) if spacing_mm and outlined else None,
    )


def covered_pixels(items: Sequence[AnnotatedObject], size: tuple[int, int]) -> int:
    """Return how many pixels of a picture of (height, width) the masks, or else the boxes, cover together."""
    union = np.zeros(size, dtype=np.bool_)
    for item in items:
        if item.mask is not None:
            union |= item.mask
        else:
            x0, y0, x1, y1 = (max(round(value), 0) for value in item.box_px)
            union[y0:y1, x0:x1] = True
    return int(np.count_nonzero(union))


def place_of(box: Box, size: tuple[int, int]) -> str:
    """Return the ninth of a picture of (height, width) that holds the centre of a box."""
    x, y = box_center(box)
    row, column = (min(max(int(3 * at / length), 0), 2) for at, length in ((y, size[0]), (x, size[1])))
    return PLACES[row][column]


def _place_of_mark(item: AnnotatedObject, size: tuple[int, int]) -> str:
    """Return the ninth of a mark's box; empty where another ninth holds more of its mask."""
    place = place_of(item.box_px, size)
    if item.mask is None:
        return place
    rows, columns = ([math.ceil(part * length / 3) for part in range(4)] for length in size)
    held = {
        name: np.count_nonzero(item.mask[y0:y1, x0:x1])
        for names, (y0, y1) in zip(PLACES, pairwise(rows), strict=True)
        for name, (x0, x1) in zip(names, pairwise(columns), strict=True)
    }
    return place if held[place] == max(held.values()) else ""


def half_of(box: Box, size: tuple[int, int]) -> Half:
    """Return the half of a picture of (height, width) in which a whole box lies, clear of the middle; else empty."""
    middle, margin = size[1] / 2, size[1] * MIDLINE_SHARE
    if box[2] <= middle - margin:
        return "left"
    return "right" if box[0] >= middle + margin else ""


def _side(
    term: FindingTerm,
    items: Sequence[AnnotatedObject],
    halves: Sequence[Half],
    annotated: AnnotatedImage,
    ontology: Ontology,
) -> tuple[str, Literal["label", "region", "orientation", ""]]:
    """Return the patient's side of the marks of a label and how it is known; never from the picture's half alone."""
    if term.side:
        return term.side, "label"
    regions = _regions(term, annotated.objects, ontology)
    if regions:
        return _together([_side_of_region(item, regions, ontology) for item in items]), "region"
    organ = ontology.organs.get(annotated.anatomy)
    at_left = side_at_left_edge(annotated.acquisition.orientation)
    if organ is None or not organ.both_sides or not at_left:
        return "", ""
    opposite = {"left": "right", "right": "left"}
    sides = {"left": at_left, "right": opposite[at_left], "": ""}
    side = _together([sides[half] for half in halves])
    return (side, "orientation") if side else ("", "")


def _together(sides: Sequence[str]) -> str:
    """Return one side for several marks: bilateral where they differ, empty where one is not known."""
    if not all(sides):
        return ""
    return sides[0] if len(set(sides)) == 1 else "bilateral"


def _regions(term: FindingTerm, objects: Sequence[AnnotatedObject], ontology: Ontology) -> list[AnnotatedObject]:
    """Return the marked regions that tell the side of a label: those it names, else the sides of its own organ."""
    if term.regions:
        return [item for item in objects if item.label in term.regions]
    terms = [(item, ontology.finding(item.label)) for item in objects]
    return [item for item, region in terms if region.side and term.organ and region.organ == term.organ]


def _side_of_region(item: AnnotatedObject, regions: Sequence[AnnotatedObject], ontology: Ontology) -> str:
    """Return the side of the regions that hold most of a mark; empty where neither side does.

    An outline that both sides hold in part lies on both; a box that both sides hold in part may lie on one of them.
    """
    shares = {"left": 0.0, "right": 0.0}
    for region in regions:
        shares[ontology.finding(region.label).side] += _share_within(item, region)
    other, side = sorted(shares, key=lambda name: shares[name])
    outlined = item.mask is not None and all(region.mask is not None for region in regions)
    if outlined and shares[other] >= LEAST_SHARE_OF_BOTH:
        return "bilateral" if sum(shares.values()) >= LEAST_SHARE_OF_REGION else ""
    is_one_sided = shares[other] <= (MOST_SHARE_OF_OTHER if outlined else 1 - LEAST_SHARE_OF_REGION)
    return side if is_one_sided and shares[side] >= LEAST_SHARE_OF_REGION else ""


def _share_within(item: AnnotatedObject, region: AnnotatedObject) -> float:
    """Return which share of a mark lies within a region, by masks where both have one, else by boxes."""
    if item.mask is not None and region.mask is not None and item.mask.any():
        return np.count_nonzero(item.mask & region.mask) / np.count_nonzero(item.mask)
    return overlap_share(item.box_px, region.box_px)
