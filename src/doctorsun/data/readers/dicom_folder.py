"""A folder of DICOM files: which images belong to which series, and which annotations refer to them."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from doctorsun.data.readers.item import Dropped
from doctorsun.data.readers.paths import PathPattern
from doctorsun.errors import DataError, ImageError
from doctorsun.image.dicom_slices import Stack, slices_in, stacked
from doctorsun.image.picture import is_dicom

TAGS = [
    "SOPClassUID",
    "Modality",
    "SeriesInstanceUID",
    "Rows",
    "ReferencedSeriesSequence",
    "ReferencedFrameOfReferenceSequence",
]


@dataclass(frozen=True, slots=True)
class Annotation:
    """An annotation file with the images of the series that it refers to, as paths below the root."""

    name: str
    fields: dict[str, str]
    images: tuple[str, ...]
    series: tuple[str, ...]

    def stack(self, root: Path) -> Stack | Dropped:
        """Return the images in their order; dropped as ``no_file`` where they are not here.

        Raises:
            ImageError: an image is damaged, or they form no stack.
        """
        if not self.images:
            return Dropped(
                self.name, "no_file", "no image of the series " + ", ".join(self.series or ("(none named)",))
            )
        slices = [each for name in self.images for each in slices_in(root / name)]
        once = {(each.instance, each.frame): each for each in reversed(slices)}  # copies of a file are one image
        return stacked(list(once.values()))


def annotations_in(root: Path, files: str, images: str, modality: str) -> Iterator[Annotation]:
    """Yield the annotations of a folder in the order of their paths.

    Args:
        root: the folder of the data set.
        files: pattern of the annotation files; files of other modalities are passed over.
        images: pattern of the image files.
        modality: of the annotations: SEG or RTSTRUCT.

    Raises:
        DataError: the folder holds no such annotation.
    """
    by_series: defaultdict[str, list[str]] = defaultdict(list)
    for path, _ in PathPattern(images).find(root):
        header = _header(path)
        if header is not None and "Rows" in header and header.get("Modality") not in ("SEG", "RTDOSE"):
            by_series[str(header.get("SeriesInstanceUID"))].append(path.relative_to(root).as_posix())
    num_found = 0
    for path, fields in PathPattern(files).find(root):
        header = _header(path)
        if header is not None and header.get("Modality") == modality:
            num_found += 1
            series = tuple(dict.fromkeys(_series(header)))
            names = tuple(name for uid in series for name in by_series[uid])
            yield Annotation(path.relative_to(root).as_posix(), fields, names, series)
    if not num_found:
        raise DataError(f"DICOM files in {root}", got=f"no {modality} like {files}", expected="at least one")


def _header(path: Path) -> Any:
    """Return the header of a DICOM file; None for other and for damaged files."""
    import pydicom

    try:
        return (
            pydicom.dcmread(path, stop_before_pixels=True, force=True, specific_tags=TAGS) if is_dicom(path) else None
        )
    except Exception as error:  # damaged headers raise errors of every type
        if isinstance(error, ImageError | OSError):
            raise
        return None


def _series(header: Any) -> Iterator[str]:
    """Yield the series that an annotation refers to (PS3.3 C.12.4 for SEG, C.8.8.5 for RTSTRUCT)."""
    for item in header.get("ReferencedSeriesSequence") or ():
        yield str(item.SeriesInstanceUID)
    for frame in header.get("ReferencedFrameOfReferenceSequence") or ():
        for study in frame.get("RTReferencedStudySequence") or ():
            for item in study.get("RTReferencedSeriesSequence") or ():
                yield str(item.SeriesInstanceUID)
