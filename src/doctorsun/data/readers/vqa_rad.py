"""Reader of VQA-RAD: the split that most systems use (trainset.json, testset.json) and the official single file.

The set: Lau et al., Scientific Data 5:180251 (2018), https://osf.io/89kps/, CC0-1.0. All 203 test images also occur in
the published training set, so a test score tells about unseen questions, not about unseen images. The validation split
is cut from training by image, hence its images are in no training question.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from doctorsun.data.readers.item import Dropped, Item
from doctorsun.errors import DataError
from doctorsun.image.raster import read_image_file
from doctorsun.schema import Answer, Groups, Image, Message, Sample, Source, image_part, sample_id, text_part
from doctorsun.text.normalize import exact_form

_OFFICIAL = "VQA_RAD Dataset Public.json"
_OFFICIAL_IMAGES = "VQA_RAD Image Folder"
_COLUMNS = ("qid", "image_name", "image_organ", "question", "question_type", "answer", "answer_type")
_VALIDATION_PERCENT = 5
_SPLITS = ("train", "validation", "test")
# The paper: head axial CT or MR, chest radiographs, abdominal axial CT; the files do not tell head CT from head MR.
_ORGANS = {"HEAD": ("ct_mr", "brain"), "CHEST": ("xray", "chest"), "ABD": ("ct", "abdomen")}
_MISSPELT_TYPES = {"atrib": "attrib", "prse": "pres"}
_KINDS = {"CLOSED": "closed", "OPEN": "open"}


@dataclass(frozen=True, slots=True)
class _Record:
    """One question as it stands in its file."""

    fields: dict[str, Any]
    place: str
    is_test: bool

    @property
    def original_id(self) -> str:
        return f"{'test' if self.is_test else 'train'}-{self.fields['qid']}"

    def text(self, name: str) -> str:
        """Return a field as clean text; answers may be numbers, and missing ones are null or NaN."""
        value = self.fields[name]
        return "" if value is None or value != value else " ".join(str(value).split())  # noqa: PLR0124


@dataclass(frozen=True)
class VqaRadReader:
    """An opened set.

    Samples carry the images' own bytes. The task is the first question type in lower case, the modality ``xray``,
    ``ct`` or ``ct_mr`` (a head slice, which the set does not tell apart). Gold yes and no are in lower case and the
    training reply is ``Yes`` or ``No``. Questions without words, without an answer or with a number that was seen
    already are dropped.

    Args:
        root: the folder that holds ``trainset.json``, ``testset.json`` and ``images``, or the official file
            ``VQA_RAD Dataset Public.json`` and its image folder; or the parent of such a folder named ``data``.
        split: train, validation (the questions on 5 % of the training images, chosen by a hash of their names) or
            test; all of them when None.

    Raises:
        DataError: there is no such split; when it is read: a file or an image is missing or damaged, or a record
            lacks a column or has an unknown value.
    """

    root: Path
    split: str | None = None

    def __post_init__(self) -> None:
        if self.split not in (*_SPLITS, None):
            raise DataError("VQA-RAD split", got=repr(self.split), expected=" or ".join(_SPLITS))

    def pending(self) -> Iterator[_Record | Dropped]:
        """Yield the questions in file order."""
        seen: set[str] = set()
        for record in _records(self.root)[0]:
            if self.split in (None, _split_of(record)):
                yield _reason_to_drop(record, seen) or record
                seen.add(record.original_id)

    def make(self, pending: _Record | Dropped) -> Item:
        """Make the sample of a question."""
        if isinstance(pending, Dropped):
            return pending
        path = self._image_folder / pending.text("image_name")
        if not path.is_file():
            raise DataError(
                f"{pending.place}: image {path}",
                got="no such file",
                expected="the image of the question",
                do="complete the image folder",
            )
        return (_sample(pending, _read_image(path)),)

    @cached_property
    def _image_folder(self) -> Path:
        return _records(self.root)[1]


def _records(root: Path) -> tuple[Iterator[_Record], Path]:
    for folder in (root, root / "data"):
        if (folder / "trainset.json").is_file() and (folder / "testset.json").is_file():
            both = ((folder / "trainset.json", False), (folder / "testset.json", True))
            return (record for path, is_test in both for record in _read_file(path, is_test=is_test)), folder / "images"
        if (folder / _OFFICIAL).is_file():
            images = folder / _OFFICIAL_IMAGES
            return _read_file(folder / _OFFICIAL, is_test=None), images if images.is_dir() else folder / "images"
    raise DataError(
        f"VQA-RAD in {root}",
        got="none of its files",
        expected=f"trainset.json and testset.json, or {_OFFICIAL!r}",
        do="download it from https://osf.io/89kps/ and set data.root to its folder",
    )


def _read_file(path: Path, *, is_test: bool | None) -> Iterator[_Record]:
    """Read one list of records; is_test None means that each record's phrase_type tells its split."""
    try:
        content: Any = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise DataError(f"{path}", got=str(error), expected="a JSON list of questions") from error
    if not isinstance(content, list):
        raise DataError(f"{path}", got=type(content).__name__, expected="a JSON list of questions")
    needed = _COLUMNS if is_test is not None else (*_COLUMNS, "phrase_type")
    for number, fields in enumerate(content, start=1):
        place = f"{path}, record {number}"
        missing = [name for name in needed if not isinstance(fields, dict) or name not in fields]
        if missing:
            raise DataError(place, got="no " + ", ".join(missing), expected="the columns " + ", ".join(needed))
        yield _Record(fields, place, str(fields["phrase_type"]).startswith("test") if is_test is None else is_test)


def _split_of(record: _Record) -> str:
    if record.is_test:
        return "test"
    share = int(hashlib.sha256(record.text("image_name").encode()).hexdigest()[:8], 16) % 100
    return "validation" if share < _VALIDATION_PERCENT else "train"


def _reason_to_drop(record: _Record, seen: set[str]) -> Dropped | None:
    if record.original_id in seen:
        return Dropped(record.original_id, "duplicate_id", record.place)
    for name in ("question", "answer"):
        if not exact_form(record.text(name)):
            return Dropped(record.original_id, f"no_{name}", record.place)
    return None


@lru_cache(maxsize=512)
def _read_image(path: Path) -> Image:
    return replace(read_image_file(path), path=f"{path.parent.name}/{path.name}")


def _known(record: _Record, name: str, values: dict[str, Any]) -> Any:
    """Return what a field's value stands for; blanks behind it and its case do not matter."""
    value = record.text(name).upper()
    if value not in values:
        raise DataError(f"{record.place}, {name}", got=repr(record.fields[name]), expected=" or ".join(values))
    return values[value]


def _sample(record: _Record, image: Image) -> Sample:
    modality, anatomy = _known(record, "image_organ", _ORGANS)
    gold = record.text("answer")
    reply = gold
    if exact_form(gold) in ("yes", "no"):
        gold = exact_form(gold)
        reply = gold.capitalize()
    question_type = record.text("question_type").split(",")[0].strip().lower()
    return Sample(
        id=sample_id("vqa_rad", record.original_id, "en"),
        messages=(
            Message(role="user", content=(image_part(), text_part(record.text("question")))),
            Message(role="assistant", content=(text_part(reply),)),
        ),
        source=Source(
            dataset="vqa_rad",
            url="https://osf.io/89kps/",
            licence="CC0-1.0",
            split=_split_of(record),
            original_id=record.original_id,
        ),
        images=(image,),
        answer=Answer(kind=_known(record, "answer_type", _KINDS), gold=(gold,)),
        language="en",
        task=_MISSPELT_TYPES.get(question_type, question_type),
        modality=modality,
        anatomy=anatomy,
        groups=Groups(study=record.text("image_name")),
    )
