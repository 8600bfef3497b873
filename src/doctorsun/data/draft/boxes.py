"""Layouts of boxes: COCO, Pascal VOC, YOLO."""

import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, ParseError

import yaml

from doctorsun.data.draft.layout import Layout
from doctorsun.data.draft.pictures import splits_of
from doctorsun.data.draft.survey import MAX_CLASSES, Survey, commonest_depth, pattern_of, stem
from doctorsun.data.readers.json_stream import read_forgiving_json
from doctorsun.errors import DataError

_NUM_LOOKED_AT = 200
_MAX_JSON_BYTES = 2**30
_YOLO_LINE = re.compile(r"\d+(\s+-?[\d.eE+-]+){4,}\s*")


def coco(found: Survey) -> Layout | None:
    """Guess COCO: a JSON file with images, annotations and categories."""
    for name in found.with_suffix(".json"):
        path = found.root / name
        content = _json(path)
        if isinstance(content, dict) and {"images", "annotations", "categories"} <= content.keys():
            names: list[str] = [str(each.get("file_name", "")) for each in islice(content["images"], _NUM_LOOKED_AT)]
            return Layout(
                task="detection",
                reader={"kind": "coco", "annotations": name, "image": _folder_of(found, names) + "{file_name}"},
                labels=sorted({str(each.get("name", "")) for each in content["categories"]}),
                remarks=["'annotations' may be a pattern with {split} where there is a file for each split"],
            )
    return None


def voc(found: Survey) -> Layout | None:
    """Guess Pascal VOC: an XML file with a root ``annotation`` beside each picture."""
    names = [name for name in found.with_suffix(".xml") if _annotation(found.root / name) is not None]
    if not names or not found.pictures:
        return None
    names, pictures = commonest_depth(names), commonest_depth(found.pictures)
    documents = [_annotation(found.root / name) for name in names]
    labels = {text.strip() for each in documents if each is not None for text in _texts(each, "object/name")}
    pattern = pattern_of(names)
    return Layout(
        task="detection",
        reader={"kind": "voc", "annotations": pattern, "image": pattern_of(pictures)},
        labels=sorted(labels)[:MAX_CLASSES],
        splits=splits_of(names, pattern),
        remarks=["boxes count pixels from 1 as the VOC challenge does; see 'form' in docs/adapters.md if these do not"],
    )


def yolo(found: Survey) -> Layout | None:
    """Guess YOLO: text files of numbers with the names of pictures."""
    pictures = {stem(name): name for name in found.pictures}
    names = [name for name in found.with_suffix(".txt") if stem(name) in pictures]
    lines = [line for name in names[:_NUM_LOOKED_AT] for line in _lines(found.root / name)]
    if not lines or not all(_YOLO_LINE.fullmatch(line) for line in lines):
        return None
    classes = sorted({int(line.split()[0]) for line in lines})
    of_labels = commonest_depth([pictures[stem(name)] for name in names])
    pattern = pattern_of(of_labels)
    labels, settings = _names(found, classes)
    return Layout(
        task="detection",
        reader={"kind": "yolo", "images": pattern, "labels": pattern_of(commonest_depth(names)), **settings},
        labels=labels,
        splits=splits_of(of_labels, pattern),
    )


def _names(found: Survey, classes: list[int]) -> tuple[list[str], dict[str, Any]]:
    """Return the labels of YOLO's classes, and the setting that tells them."""
    for name in found.with_suffix(".yaml", ".yml"):
        try:
            content: Any = yaml.safe_load((found.root / name).read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, yaml.YAMLError):  # some other file
            continue
        names: Any = content.get("names") if isinstance(content, dict) else None
        if names:
            values = names.values() if isinstance(names, dict) else names
            return [str(each) for each in values], {"names_file": name}
    labels = [f"class {number}" for number in range(max(classes) + 1)]
    return labels, {"names": labels}


def _folder_of(found: Survey, names: list[str]) -> str:
    """Return where pictures lie that a file names: ``images/``, or nothing."""
    for name in names:
        for picture in found.pictures:
            if picture == name or picture.endswith(f"/{name}"):
                return picture[: -len(name)]
    return ""


def _json(path: Path) -> Any:
    try:
        return read_forgiving_json(path) if path.stat().st_size <= _MAX_JSON_BYTES else None
    except (OSError, DataError):  # some other file
        return None


def _annotation(path: Path) -> Element | None:
    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import parse

    try:
        document: Element | None = parse(path).getroot()
    except (ParseError, DefusedXmlException, OSError):  # some other file
        return None
    return document if document is not None and document.tag == "annotation" else None


def _texts(document: Element, path: str) -> Iterator[str]:
    for found in document.iterfind(path):
        if found.text:
            yield found.text


def _lines(path: Path) -> list[str]:
    try:
        return [line for line in path.read_text(encoding="ascii").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError):
        return ["not numbers"]
