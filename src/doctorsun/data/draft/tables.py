"""Layouts that tables and arrays tell: pictures listed in rows, and MedMNIST's archives."""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import PurePosixPath
from typing import Any

from doctorsun.data.draft.layout import Layout
from doctorsun.data.draft.survey import Survey, commonest_depth, pattern_of, split_values, stem, suffix
from doctorsun.data.readers.tables import rows
from doctorsun.errors import DataError

_TABLES = (".csv", ".tsv", ".xlsx", ".jsonl", ".json", ".parquet")
_NUM_ROWS = 2000
_MAX_LABELS = 60
_FLAGS = {"", "0", "1", "-1", "0.0", "1.0", "-1.0", "True", "False"}
_ENOUGH = 0.5  # of the rows must name a picture
_LABEL_WORDS = ("label", "class", "diagnosis", "dx", "finding", "grade", "level", "category", "type", "target")
_LABEL_WORDS_ZH = ("标签", "诊断", "类别", "分类", "分级", "等级", "病变", "类型")
_MIN_FLAGS = 2


def table(found: Survey) -> Layout | None:
    """Guess a table with a row for each picture, or a JSON file for each, with labels in columns."""
    pictures = {stem(name): name for name in found.pictures}
    side_files = [name for name in found.with_suffix(".json") if stem(name) in pictures]
    if len(side_files) >= _ENOUGH * len(pictures) > 0:
        return _of_side_files(found, commonest_depth(side_files), pictures)
    for name in found.with_suffix(*_TABLES) if pictures else []:
        try:
            listed = list(islice(rows(found.root / name), _NUM_ROWS))
        except DataError:  # some other file
            continue
        image = _image_column(listed, pictures)
        if image is not None:
            layout = _of_table(name, listed, image, pictures)
            if layout.labels or not found.with_suffix(".dcm"):  # headers tell more than a mere list of files
                return layout
    return None


def _of_side_files(found: Survey, names: Sequence[str], pictures: Mapping[str, str]) -> Layout:
    listed = [row for name in names[:_NUM_ROWS] for row in rows(found.root / name)]
    columns = {name: "" for row in listed for name in row}
    labels, settings, remarks = _labels([columns | row for row in listed], "")
    image = pattern_of(commonest_depth([pictures[stem(name)] for name in names]))
    reader = {"kind": "table", "files": pattern_of(names), "image": image, "labels": settings}
    return Layout(task="classification", reader=reader, labels=labels, remarks=remarks)


def arrays(found: Survey) -> Layout | None:
    """Guess MedMNIST's layout: archives of ``train_images``, ``train_labels`` and so on."""
    import numpy as np

    for name in found.with_suffix(".npz"):
        try:
            with np.load(found.root / name, allow_pickle=False) as archive:
                if "train_images" not in archive.files or "train_labels" not in archive.files:
                    continue
                classes = sorted({str(value) for value in np.unique(archive["train_labels"])})
                splits = split_values({each.removesuffix("_images") for each in archive.files if "_images" in each})
        except (OSError, ValueError):  # some other file
            continue
        labels = [f"class {number}" for number in range(int(float(classes[-1])) + 1)]
        return Layout(
            task="classification",
            reader={
                "kind": "arrays",
                "images": name + ":{split}_images",
                "labels": {"array": ":{split}_labels", "classes": labels},
            },
            labels=labels,
            splits=dict(splits or {}),
            remarks=["give the classes their names, in 'labels' and in 'classes'"],
        )
    return None


def _image_column(listed: Sequence[Mapping[str, str]], pictures: Mapping[str, str]) -> str | None:
    """Return the column that names pictures."""
    for column in listed[0] if listed else ():
        named = sum(_stem_of(row.get(column, ""), pictures) in pictures for row in listed)
        if named >= _ENOUGH * len(listed):
            return column
    return None


def _of_table(name: str, listed: Sequence[Mapping[str, str]], image: str, pictures: Mapping[str, str]) -> Layout:
    values = [row.get(image, "") for row in listed]
    found = commonest_depth([pictures[key] for each in values if (key := _stem_of(each, pictures)) in pictures])
    has_suffix = all(
        PurePosixPath(value).name == PurePosixPath(picture).name for value, picture in _named(values, pictures)
    )
    pattern = pattern_of(found).replace("{split}", "*")
    folder = pattern.rpartition("/")[0]
    ending = "" if has_suffix else suffix(pattern)
    labels, columns, remarks = _labels(listed, image)
    reader: dict[str, Any] = {"kind": "table", "files": name, "image": f"{folder}/{{{image}}}{ending}".lstrip("/")}
    if len(set(values)) < len(values):
        reader["item"] = f"{{{image}}}"
    splits = {}
    split = next((column for column in listed[0] if column.lower() in ("split", "set", "subset")), None)
    if split is not None:
        splits = dict(split_values({row[split] for row in listed}) or {})
        reader["parts"] = {split: "(?P<split>.*)"} if split != "split" and splits else {}
    return Layout(
        task="classification",
        reader={key: value for key, value in (reader | {"labels": columns}).items() if value},
        labels=labels,
        splits=splits,
        remarks=remarks,
    )


def _labels(listed: Sequence[Mapping[str, str]], image: str) -> tuple[list[str], list[dict[str, Any]], list[str]]:
    """Return the labels, the settings that read them, and remarks: flags in columns, else the likeliest column."""
    values = {name: Counter(row.get(name, "") for row in listed) for name in listed[0] if name != image}
    flags = [name for name, each in values.items() if set(each) <= _FLAGS and len(each) > 1]
    if len(flags) >= _MIN_FLAGS:
        return flags, [{"flags": flags}], []
    few = [name for name, each in values.items() if 1 < len(each) <= _MAX_LABELS and len(each) < len(listed)]
    likely = [name for name in few if any(word in name.lower() for word in (*_LABEL_WORDS, *_LABEL_WORDS_ZH))] or few
    if not likely:
        return [], [], ["no column looks like labels"]
    chosen = likely[0]
    texts = sorted(text for text in values[chosen] if text)
    separator = next((mark for mark in ("|", ";") if any(mark in text for text in texts)), "")
    column = {"column": chosen} | ({"separator": separator} if separator else {})
    parts = {part.strip() for text in texts for part in (text.split(separator) if separator else [text])}
    others = f"; others with few values: {', '.join(likely[1:6])}" if likely[1:] else ""
    return sorted(parts), [column], [f"labels are taken from the column '{chosen}'{others}"]


def _named(values: Sequence[str], pictures: Mapping[str, str]) -> list[tuple[str, str]]:
    return [(value, pictures[key]) for value in values if (key := _stem_of(value, pictures)) in pictures]


def _stem_of(value: str, pictures: Mapping[str, str]) -> str:
    """Return the name that a cell gives a picture, with or without the suffix."""
    last = PurePosixPath(value).name
    return last if last in pictures else stem(last)
