"""DICOM segmentations (SEG): the mask of each segment on the slices that it was drawn on."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from doctorsun.errors import ImageError
from doctorsun.image.dicom import sound_file
from doctorsun.image.dicom_header import word
from doctorsun.image.dicom_slices import Masks, Stack
from doctorsun.image.file import naming


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """One segment, in the words of the file (PS3.3 C.8.20.4).

    Attributes:
        fields: segment (its label), property (meaning of the property type), code, category, modifier, anatomy, region
            modifier; empty texts where the file tells nothing.
        masks: where it is.
    """

    fields: dict[str, str]
    masks: Masks


def read_segments(path: Path, stack: Stack, *, threshold: float) -> list[Segment]:
    """Read the segments of a file onto a stack of images.

    Frames are matched to slices by their place in space, so that files without references to images are read, too.

    Args:
        path: the SEG file: binary, fractional or a label map.
        stack: the images.
        threshold: from which share on a pixel of a fractional segment belongs to it, above 0 to 1.

    Raises:
        ImageError: the file is damaged or no segmentation, or a frame lies on none of the images; the message begins
            with the path.
    """
    import pydicom

    with naming(path), sound_file():
        header = pydicom.dcmread(path, force=True)
        if word(header, "Modality") != "SEG":
            got = word(header, "Modality") or "no modality"
            raise ImageError("DICOM segmentation", got=got, expected="SEG", do="name the segmentations")
        segments = {
            int(item.SegmentNumber): Segment(fields=_fields(item), masks={})
            for item in header.SegmentSequence
            if int(item.SegmentNumber)  # in a label map, 0 is what belongs to none
        }
        for number, slice_index, mask in _frames(header, stack, threshold, tuple(segments)):
            known = segments[number].masks
            if mask.any():
                known[slice_index] = known[slice_index] | mask if slice_index in known else mask
        return list(segments.values())


def _frames(
    header: Any, stack: Stack, threshold: float, numbers: tuple[int, ...]
) -> Iterator[tuple[int, int, NDArray[np.bool_]]]:
    """Yield segment, slice and mask of each frame."""
    size = (int(header.Rows), int(header.Columns))
    frames = header.pixel_array.reshape(-1, *size)
    shared = next(iter(header.get("SharedFunctionalGroupsSequence") or ()), {})
    most = int(header.get("MaximumFractionalValue") or 1)
    for frame, groups in zip(frames, header.PerFrameFunctionalGroupsSequence, strict=True):
        index = _slice_of(groups, shared, size, stack)
        if header.SegmentationType == "LABELMAP":  # PS3.3 C.8.20.2.3: a pixel is the number of its segment
            yield from ((number, index, frame == number) for number in numbers)
        else:
            owner = _first(groups, shared, "SegmentIdentificationSequence")
            is_fractional = header.SegmentationType == "FRACTIONAL"  # C.8.20.2.3.2: shares of MaximumFractionalValue
            yield int(owner.ReferencedSegmentNumber), index, frame >= (threshold * most if is_fractional else 1)


def _slice_of(groups: Any, shared: Any, size: tuple[int, int], stack: Stack) -> int:
    """Return the slice on whose pixels a frame lies."""
    position, orientation, spacing = (
        np.asarray(_first(groups, shared, group).get(name), dtype=np.float64)
        for group, name in (
            ("PlanePositionSequence", "ImagePositionPatient"),
            ("PlaneOrientationSequence", "ImageOrientationPatient"),
            ("PixelMeasuresSequence", "PixelSpacing"),
        )
    )
    first = stack.slices[0]
    same_grid = (
        size == first.size
        and np.allclose(orientation, first.orientation, atol=1e-3)
        and np.allclose(spacing, first.spacing_mm, rtol=1e-3)
    )
    index = stack.nearest(position) if same_grid else None
    if index is None or not stack.is_beside(index, position):
        raise ImageError(
            "place of a frame", got="pixels that are those of no image", expected="the images it was drawn on"
        )
    return index


def _first(groups: Any, shared: Any, name: str) -> Any:
    """Return the item of a functional group: the frame's own, else the one of all frames (PS3.3 C.7.6.16.1.1)."""
    return (groups.get(name) or shared[name])[0]


def _fields(item: Any) -> dict[str, str]:
    kind = next(iter(item.get("SegmentedPropertyTypeCodeSequence") or ()), None)
    category = next(iter(item.get("SegmentedPropertyCategoryCodeSequence") or ()), None)
    anatomy = next(iter(item.get("AnatomicRegionSequence") or ()), None)
    modifier = next(iter((kind or {}).get("SegmentedPropertyTypeModifierCodeSequence") or ()), None)
    region_modifier = next(iter((anatomy or {}).get("AnatomicRegionModifierSequence") or ()), None)
    return {
        "segment": word(item, "SegmentLabel"),
        "property": word(kind, "CodeMeaning") if kind else "",
        "code": word(kind, "CodeValue") if kind else "",
        "category": word(category, "CodeMeaning") if category else "",
        "modifier": word(modifier, "CodeMeaning") if modifier else "",
        "region": word(anatomy, "CodeMeaning") if anatomy else "",
        "region_modifier": word(region_modifier, "CodeMeaning") if region_modifier else "",
    }
