"""Reader of COCO annotations: boxes, polygons and run lengths (https://cocodataset.org/#format-data)."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from doctorsun.config.section import Section
from doctorsun.data.readers.encoding import read_text
from doctorsun.data.readers.item import Dropped
from doctorsun.data.readers.marks import cut_to_picture
from doctorsun.data.readers.paths import PathPattern
from doctorsun.data.readers.picture_record import item_picture, size_of
from doctorsun.data.readers.record import Mark, Record
from doctorsun.data.readers.rle import mask_of_runs
from doctorsun.data.readers.tables import flat
from doctorsun.errors import DataError
from doctorsun.image.geometry import Box, box_of_mask
from doctorsun.image.polygon import fill_polygon

_CocoItem = tuple[str, dict[str, str], tuple[dict[str, Any], ...]]
_PARTS = ("images", "annotations", "categories")


class Coco(Section):
    """Settings of the reader, and the reader; images without annotations are records too.

    A crowd (``iscrowd``: many objects in one region) says that its label is there, but is no object.
    """

    kind: Literal["coco"]
    annotations: str
    """Pattern of the annotation files, such as ``annotations/instances_{split}.json``."""
    image: str = "{file_name}"
    """Template of a picture's path; its parts are those of ``annotations`` and the keys of an image."""

    def pending(self, root: Path) -> Iterator[_CocoItem]:
        """Yield every image with its name, what is said of it, and its annotations with their category's name.

        Raises:
            DataError: a file is not JSON, or lacks images, annotations or categories, or what they refer to.
        """
        for path, fields in PathPattern(self.annotations).find(root):
            content = _content(path)
            names = {each["id"]: str(each["name"]) for each in content["categories"]}
            by_image: dict[Any, list[dict[str, Any]]] = {each["id"]: [] for each in content["images"]}
            for each in content["annotations"]:
                if each.get("image_id") not in by_image or each.get("category_id") not in names:
                    raise DataError(
                        f"{path}: annotation {each.get('id')}",
                        got=f"image {each.get('image_id')}, category {each.get('category_id')}",
                        expected="ones that the file lists",
                    )
                by_image[each["image_id"]].append({**each, "name": names[each["category_id"]]})
            place = path.relative_to(root).as_posix()
            for image in content["images"]:
                yield f"{place}/{image['id']}", fields | flat(image), tuple(by_image[image["id"]])

    def read(self, pending: _CocoItem, root: Path) -> Sequence[Record] | Dropped:
        """Read one picture with its objects."""
        name, fields, annotations = pending
        record = item_picture(self.image, name, fields, root)
        if isinstance(record, Dropped):
            return record
        height, width = size = size_of(record.picture)
        told = [fields.get("width") or str(width), fields.get("height") or str(height)]
        if told != [str(width), str(height)]:
            return Dropped(name, "size_mismatch", f"annotated {' x '.join(told)}, picture {width} x {height}")
        marks: list[Mark] = []
        for each in annotations:
            if not each.get("iscrowd"):
                try:
                    marks.append(_mark(each, size))
                except (ValueError, TypeError) as error:
                    return Dropped(name, "annotation", f"{each.get('id')}: {error}")
        return (replace(record, marks=tuple(marks), labels={each["name"]: True for each in annotations}),)


def _content(path: Path) -> dict[str, Any]:
    try:
        content: Any = json.loads(read_text(path))
    except ValueError as error:
        raise DataError(f"{path}", got=str(error), expected="a JSON object with " + ", ".join(_PARTS)) from error
    missing = [part for part in _PARTS if not isinstance(content, dict) or not isinstance(content.get(part), list)]
    if missing:
        raise DataError(f"{path}", got="no list " + ", ".join(missing), expected="COCO's " + ", ".join(_PARTS))
    for part, keys in (("images", ("id",)), ("categories", ("id", "name")), ("annotations", ())):
        for number, each in enumerate(content[part]):
            if not isinstance(each, dict) or any(key not in each for key in keys):
                raise DataError(f"{path}: {part}, entry {number}", expected="an object with " + " and ".join(keys))
    return content


def _mark(annotation: dict[str, Any], size: tuple[int, int]) -> Mark:
    """Return the mark of an annotation.

    Raises:
        ValueError: it has neither box nor shape, or they are damaged or outside the picture.
    """
    mask = _mask(annotation.get("segmentation"), size)
    numbers = annotation.get("bbox")
    box: Box | None = None
    if numbers:
        x, y, width, height = (float(number) for number in numbers)
        box = cut_to_picture((x, y, x + width, y + height), size)
        if box is None:
            raise ValueError(f"the box {numbers} is outside the picture")
    elif mask is not None:
        box = box_of_mask(mask)
    if box is None:
        raise ValueError("neither a box nor a shape")
    return Mark(label=annotation["name"], box_px=box, mask=mask)


def _mask(segmentation: Any, size: tuple[int, int]) -> NDArray[np.bool_] | None:
    """Return the mask of polygons or run lengths; None where there is none, or not a pixel of it."""
    if not segmentation:
        return None
    if isinstance(segmentation, dict):
        mask = mask_of_runs(segmentation)
        if mask.shape != size:
            raise ValueError(f"a mask of {mask.shape[1]} x {mask.shape[0]} pixels")
    else:
        mask = np.zeros(size, dtype=np.bool_)
        for polygon in segmentation:
            numbers = [float(number) for number in polygon]
            mask |= fill_polygon(list(zip(numbers[::2], numbers[1::2], strict=True)), size)
    return mask if mask.any() else None
