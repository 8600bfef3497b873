"""Layouts that folders and names of pictures tell: a folder per class, and masks beside pictures."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from doctorsun.data.draft.layout import Layout
from doctorsun.data.draft.survey import MAX_CLASSES, Survey, commonest_depth, pattern_of, split_values, stem, suffix
from doctorsun.errors import ImageError
from doctorsun.image.mask_file import read_mask

_MASK_WORD = re.compile(r"(mask|seg|label|annot|manual|ground|truth|(^|[^a-z])gt([^a-z]|$))", re.IGNORECASE)
_MASK_ENDING = re.compile(r"(_mask|_seg|_segmentation|_label|_gt)(_\d+)?$", re.IGNORECASE)
_LOSSY = (".jpg", ".jpeg")
_LOSSY_THRESHOLD = 127
_NUM_LOOKED_AT = 8
_ENOUGH = 0.5  # of the masks must belong to a picture


def class_folders(found: Survey) -> Layout | None:
    """Guess a folder per class: the deepest level with several folders that are no splits."""
    names = commonest_depth(found.pictures) if found.pictures else []
    for depth in reversed(range(names[0].count("/") if names else 0)):
        classes = {name.split("/")[depth] for name in names}
        if 1 < len(classes) <= min(MAX_CLASSES, len(names) // 2) and split_values(classes) is None:
            num_below = names[0].count("/") - depth - 1
            pattern = pattern_of(names, ["label", *["*"] * num_below]).replace("/label/", "/{label}/")
            pattern = re.sub(r"^label/", "{label}/", pattern)
            return Layout(
                task="classification",
                reader={"kind": "class_folders", "images": pattern},
                labels=sorted(classes),
                splits=splits_of(names, pattern),
            )
    return None


def mask_images(found: Survey) -> Layout | None:
    """Guess masks beside pictures: in a folder of their own, or told by the end of their names."""
    names = found.pictures
    is_mask = mask_test(names)
    masks = [name for name in names if is_mask(name)]
    pictures = [name for name in names if not is_mask(name)]
    if not masks or not pictures:
        return None
    masks, pictures = commonest_depth(masks), commonest_depth(pictures)
    known = {stem(name) for name in pictures}
    if sum(stem(without_mask_ending(name)) in known for name in masks) < _ENOUGH * len(masks):
        return None
    pattern = pattern_of(pictures)
    template = pattern_of([without_mask_ending(name) for name in masks])
    ending = mask_ending(masks)
    several = "*" if any(re.search(r"_\d+$", stem(name)) for name in masks) and ending else ""
    files = template.replace("{name}", "{name}" + ending + several)
    return Layout(
        task="segmentation",
        reader={"kind": "mask_images", "images": pattern, "masks": [{"files": files, **_meaning(found, masks)}]},
        labels=list(_labels(_meaning(found, masks))),
        splits=splits_of(pictures, pattern),
        remarks=["give the labels of the masks their names"],
    )


def splits_of(names: Sequence[str], pattern: str) -> dict[str, str]:
    """Return what the folders at the place of ``{split}`` mean."""
    parts = pattern.split("/")
    if "{split}" not in parts:
        return {}
    place = parts.index("{split}")
    return dict(split_values({name.split("/")[place] for name in names}) or {})


def mask_test(names: Sequence[str]) -> Callable[[str], bool]:
    """Return what tells masks from pictures; folders that hold all files say nothing."""
    shared = set.intersection(*(set(name.split("/")[:-1]) for name in names)) if names else set[str]()

    def is_mask(name: str) -> bool:
        folders = set(name.split("/")[:-1]) - shared
        return bool(_MASK_ENDING.search(stem(name))) or any(_MASK_WORD.search(folder) for folder in folders)

    return is_mask


def without_mask_ending(name: str) -> str:
    """Return the path of a mask as it would be without the ending that makes it one: ``_mask``, ``_seg_1``."""
    folder, slash, _ = name.rpartition("/")
    return f"{folder}{slash}{_MASK_ENDING.sub('', stem(name))}{suffix(name)}"


def mask_ending(names: Sequence[str]) -> str:
    """Return the ending that makes masks of these, without a number behind it; nothing where there is none."""
    return next((match.group(1) for name in names if (match := _MASK_ENDING.search(stem(name)))), "")


def _meaning(found: Survey, masks: Sequence[str]) -> dict[str, object]:
    """Return what the values of the first masks suggest: one label, or a label map."""
    if any(suffix(name).lower() in _LOSSY for name in masks):
        return {"label": "object", "threshold": _LOSSY_THRESHOLD}
    values = sorted({value for name in masks[:_NUM_LOOKED_AT] for value in _values(found, name)} - {0})
    if len(values) <= 1:
        return {"label": "object"}
    return {"values": {value: f"value {value}" for value in values[:MAX_CLASSES]}}


def _values(found: Survey, name: str) -> Iterator[int]:
    try:
        yield from (int(value) for value in np.unique(read_mask(found.root / name)))
    except ImageError:  # a damaged mask tells nothing; reading the data set will name it
        return


def _labels(meaning: Mapping[str, object]) -> Iterator[str]:
    values = meaning.get("values")
    yield from values.values() if isinstance(values, dict) else [str(meaning["label"])]
