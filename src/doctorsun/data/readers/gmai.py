"""Reader of GMAI-VL-5.5M: LLaVA records whose ids tell where an image comes from, and lists of such files.

https://github.com/uni-medical/GMAI-VL, examples/: a record's id is ``2d#cls#histopathology#crc100k#images#NORM#a.tif``,
that is dimension, task, modality, data set and path; a list file is ``{NAME: {"image_dir", "annotations",
"sample_ratio", ...}}``, and the published one has a comma behind its last element.
"""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from doctorsun.config.collection import ImportSource
from doctorsun.data.readers.collected import CollectedReader
from doctorsun.data.readers.conversation import TURNS
from doctorsun.data.readers.imaging_words import modality_of
from doctorsun.data.readers.item import Dropped
from doctorsun.data.readers.json_stream import read_forgiving_json
from doctorsun.data.readers.layout import any_of
from doctorsun.data.readers.llava import read_llava
from doctorsun.data.readers.origin import origin_of
from doctorsun.data.readers.published import Published, PublishedReader, finder_of, folder_of, text_of
from doctorsun.data.readers.record_files import JSON_SUFFIXES
from doctorsun.data.readers.record_reader import RawRecord
from doctorsun.data.readers.source_files import SourceFile, source_files
from doctorsun.errors import DataError
from doctorsun.schema import Groups

_NAME = "gmai_vl_5_5m"
_URL = "https://huggingface.co/datasets/General-Medical-AI/GMAI-VL-5.5M"
_MAX_LIST_BYTES = 2**20
_NUM_ID_PARTS = 5


def open_gmai(section: ImportSource) -> PublishedReader | CollectedReader:
    """Open annotation files, or a list of them.

    Raises:
        DataError: there is no file, or the list is wrong.
    """
    path = Path(section.path)
    if path.is_file() and path.stat().st_size <= _MAX_LIST_BYTES:
        content = _list_in(path)
        if content:
            return _open_list(section, path, content)
    return _open_files(section, source_files(section.path, JSON_SUFFIXES))


def read_gmai(raw: RawRecord) -> Published | Dropped:
    """Read a LLaVA record with what its id tells; coordinates in its words become objects."""
    published = read_llava(raw)
    if isinstance(published, Dropped):
        return published
    published = replace(published, has_boxes=True, size=_size(raw.fields))
    parts = published.original_id.split("#")
    if len(parts) < _NUM_ID_PARTS:
        return published
    dimension, task, modality, dataset, *path = parts
    return replace(
        published,
        task=task,
        modality=modality_of(modality),
        facts=json.dumps({"dataset": dataset, "dimension": dimension, "path": "/".join(path)}),
        groups=Groups(study=f"{dataset}/{'/'.join(path)}"),
    )


def _open_files(section: ImportSource, files: tuple[SourceFile, ...]) -> PublishedReader:
    return PublishedReader(
        files=files,
        origin=origin_of(section, _NAME, url=_URL),
        read_record=read_gmai,
        finder=finder_of(section, folder_of(section)),
        layout=any_of(*TURNS),
    )


def _list_in(path: Path) -> dict[str, Any]:
    """Return the content of a list file; nothing if the file is something else."""
    try:
        content = read_forgiving_json(path)
    except DataError:
        return {}
    is_list = isinstance(content, dict) and all(isinstance(each, dict) for each in content.values())
    return content if is_list and any("annotations" in each for each in content.values()) else {}


def _open_list(section: ImportSource, path: Path, content: dict[str, Any]) -> CollectedReader:
    readers: dict[str, PublishedReader] = {}
    ratios: dict[str, float] = {}
    for name, entry in content.items():
        ratio = entry.get("sample_ratio", 1.0)
        if not isinstance(entry.get("annotations"), str) or not isinstance(ratio, int | float) or ratio < 0:
            raise DataError(
                f"{path}, {name}",
                got=json.dumps(entry)[:120],
                expected="annotations (a path), image_dir and sample_ratio (a number from 0)",
                do="correct the list",
            )
        annotations = _path_in_list(path, entry["annotations"])
        folder = text_of(entry.get("image_dir"))
        own = section.model_copy(
            update={
                "path": str(annotations),
                "images": section.images or ((str(_path_in_list(path, folder)),) if folder else ()),
                "dataset": f"{section.dataset or _NAME}/{name}",
            }
        )
        readers[own.dataset] = _open_files(own, source_files(own.path, JSON_SUFFIXES))
        ratios[own.dataset] = float(ratio)
    return CollectedReader(readers, ratios)


def _path_in_list(path: Path, written: str) -> Path:
    """Return a path of a list: from its folder, or from one above it, as the published list is written."""
    places = (folder / written for folder in path.absolute().parents)
    return next((place for place in places if place.exists()), path.parent / written)


def _size(fields: dict[str, Any]) -> tuple[int, int] | None:
    width, height = fields.get("width"), fields.get("height")
    return (width, height) if isinstance(width, int) and isinstance(height, int) else None
