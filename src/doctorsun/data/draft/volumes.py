"""Layouts of volumes: label maps beside their images."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from doctorsun.data.draft.layout import Layout
from doctorsun.data.draft.pictures import mask_ending, mask_test, splits_of, without_mask_ending
from doctorsun.data.draft.survey import MAX_CLASSES, Survey, commonest_depth, pattern_of, stem, suffix
from doctorsun.errors import ImageError, MissingDependency
from doctorsun.image.volume_file import open_volume

_NUM_LOOKED_AT = 8


def volumes(found: Survey) -> Layout | None:
    """Guess label maps that have a folder or an ending of their own; a case of several sequences has several images."""
    names = found.volumes
    is_mask = mask_test(names)
    masks = [name for name in names if is_mask(name)]
    images = [name for name in names if not is_mask(name)]
    if not masks or not images:
        return None
    masks, images = commonest_depth(masks), commonest_depth(images)
    endings = _endings(stem(without_mask_ending(masks[0])), images)
    if not endings:
        return None
    cases = pattern_of([without_mask_ending(name) for name in masks], ["{case}"]).replace(
        "{name}", "{name}" + mask_ending(masks)
    )
    folder = pattern_of(images, ["{case}"]).rpartition("/")[0]
    files = [f"{folder}/{{name}}{ending}{suffix(images[0])}".lstrip("/") for ending in endings]
    values = _values(found, masks)
    return Layout(
        task="segmentation",
        reader={
            "kind": "volumes",
            "cases": cases,
            "images": [_image(file, ending) for file, ending in zip(files, endings, strict=True)],
            "masks": [{"file": cases, "values": {str(value): f"value {value}" for value in values}}],
        },
        labels=[f"value {value}" for value in values],
        splits=splits_of(masks, cases),
        remarks=[
            "give the values of the label maps their names, in 'labels' and in 'values'",
            "add 'windows' to the images of CT, such as 'windows: [lung, soft_tissue]'",
        ],
    )


def _endings(case: str, images: Sequence[str]) -> list[str]:
    """Return what the names of a case's images have behind the name of the case."""
    return sorted({stem(name)[len(case) :] for name in images if stem(name).startswith(case)})


def _image(file: str, ending: str) -> dict[str, Any]:
    return {"file": file} | ({"sequence": ending.strip("_- ")} if ending.strip("_- ") else {})


def _values(found: Survey, masks: Sequence[str]) -> list[int]:
    """Return the values of the first label maps."""
    values: set[int] = set()
    for name in masks[:_NUM_LOOKED_AT]:
        try:
            values |= {int(value) for value in np.unique(open_volume(found.root / name).voxels.whole())}
        except (ImageError, MissingDependency):  # reading the data set will name it
            continue
    return sorted(values - {0})[:MAX_CLASSES] or [1]
