"""The DICOM files of a folder as hospitals export it: which are taken of each series, and what identifies them."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from doctorsun.data.readers.paths import PathPattern
from doctorsun.errors import ImageError
from doctorsun.image.picture import is_dicom

IDENTIFIERS = ("PatientID", "AccessionNumber", "StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")
"""What tables name images by; never kept, for they lead to the person."""
DIRECTORY = "DICOMDIR"  # PS3.10 8.6: the name of the directory of a medium


@dataclass(frozen=True, slots=True)
class ListedFile:
    """A DICOM file: its path below the root, what the path tells, and the identifiers of its header by keyword."""

    name: str
    parts: dict[str, str]
    identifiers: dict[str, str] = field(default_factory=dict[str, str])
    instance: int = 0
    is_image: bool = False


def dicom_files(root: Path, pattern: str, *, read_headers: bool) -> Iterator[ListedFile]:
    """Yield the DICOM files of a folder in the order of their paths, without directories of media.

    Args:
        root: the folder.
        pattern: of the files.
        read_headers: whether the identifiers are read, too, which opens every file.

    Raises:
        DataError: the folder is not there, or no file is like the pattern.
    """
    for path, parts in PathPattern(pattern).find(root):
        if path.name != DIRECTORY and is_dicom(path):
            name = path.relative_to(root).as_posix()
            yield _with_header(path, name, parts) if read_headers else ListedFile(name, parts)


def evenly_of_series(files: Iterator[ListedFile], most: int) -> list[ListedFile]:
    """Return at most so many images of each series, at even distances in the order of their numbers, and all else."""
    found = list(files)
    series: defaultdict[str, list[ListedFile]] = defaultdict(list)
    for file in found:
        if file.is_image:
            series[file.identifiers["SeriesInstanceUID"] or file.name].append(file)
    chosen: set[str] = set()
    for own in series.values():
        own.sort(key=lambda each: (each.instance, each.name))
        chosen |= {own[index].name for index in evenly(len(own), most)}
    return [file for file in found if not file.is_image or file.name in chosen]


def evenly(num: int, most: int) -> list[int]:
    """Return at most so many of ``num`` indices: the middles of parts of one size."""
    taken = min(num, most)
    return [(2 * number + 1) * num // (2 * taken) for number in range(taken)]


def _with_header(path: Path, name: str, parts: dict[str, str]) -> ListedFile:
    """Return a file with what identifies it; without where its header is damaged, which reading it will tell."""
    import pydicom

    from doctorsun.image.dicom import sound_file
    from doctorsun.image.dicom_header import word

    tags: list[Any] = [*IDENTIFIERS, "InstanceNumber", "Rows"]
    try:
        with sound_file():
            header = pydicom.dcmread(path, stop_before_pixels=True, force=True, specific_tags=tags)
            number = word(header, "InstanceNumber")
            return ListedFile(
                name,
                parts,
                {keyword: word(header, keyword) for keyword in IDENTIFIERS},
                int(number) if number.lstrip("-").isdecimal() else 0,
                "Rows" in header,
            )
    except ImageError:
        return ListedFile(name, parts, dict.fromkeys(IDENTIFIERS, ""))
