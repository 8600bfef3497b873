"""The origin of an image: its data set's name and its path there, by which it is known again without its bytes."""

import re
from pathlib import PurePosixPath

_NOT_A_NAME = re.compile(r"[^\w]+|_+")
_PICTURE = re.compile(r"\.(?:png|jpe?g|webp|bmp|tiff?|gif|dcm|nii|nii\.gz|npz?|svs|mha|nrrd)$")

Origin = tuple[str, ...]
"""The data set, then the parts of the path, all in lower case, the file without the ending of its format."""


def origin_of(dataset: str, path: str) -> Origin:
    """Return the origin of an image; empty where the data set or the path is not known.

    A part of a data set (``set/part``) counts as the set; ``VQA-RAD`` and ``vqa_rad`` are one name.
    """
    name = plain_name(dataset.partition("/")[0])
    parts = [part for part in PurePosixPath(path.replace("\\", "/").lower()).parts if part not in ("/", ".", "..")]
    if not name or not parts:
        return ()
    return (name, *parts[:-1], _PICTURE.sub("", parts[-1]))


def plain_name(text: str) -> str:
    """Return a name without what publishers write differently: case, blanks, hyphens and underscores."""
    return _NOT_A_NAME.sub("", text.lower())


def is_same_origin(one: Origin, other: Origin) -> bool:
    """Say whether two images are one image of one data set.

    Paths may begin at different folders: the shorter one must end the longer one. A collection of many sets calls its
    data set by another name; then the path has to name the set.
    """
    if not one or not other:
        return False
    shorter, longer = sorted((one[1:], other[1:]), key=len)
    if longer[-len(shorter) :] != shorter:
        return False
    return one[0] == other[0] or _names(other, one[0]) or _names(one, other[0])


def _names(origin: Origin, dataset: str) -> bool:
    return dataset in (plain_name(part) for part in origin[1:-1])
