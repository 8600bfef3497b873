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

from doctorsun.config.collection import ImportSource
from doctorsun.config.suggest import one_of
from doctorsun.data.readers.imaging_words import body_part_of
from doctorsun.data.readers.item import Dropped, Item
from doctorsun.data.readers.layout import LAYOUT, Layout, all_of, fitting
from doctorsun.data.readers.record_images import reference
from doctorsun.errors import DataError, ImageError
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
_KINDS: dict[str, Any] = {"CLOSED": "closed", "OPEN": "open"}


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

    def upper(self, name: str) -> str:
        """Return a field of a fixed vocabulary, of which neither case nor blanks behind it matter."""
        return self.text(name).upper()


@dataclass(frozen=True)
class VqaRadReader:
    """An opened set.

    Samples carry the images' own bytes. The task is the first question type in lower case, the modality ``xray``,
    ``ct`` or ``ct_mr`` (a head slice, which the set does not tell apart). Gold yes and no are in lower case and the
    training reply is ``Yes`` or ``No``. Questions without words, without an answer, with a number that was seen
    already or with an unknown kind of answer are dropped, as are records that lack a column; those of the training
    file count as of the split train. A part of the body that the set does not have stays in its own words.

    Args:
        root: the folder that holds ``trainset.json``, ``testset.json`` and ``images``, or the official file
            ``VQA_RAD Dataset Public.json`` and its image folder; or the parent of such a folder named ``data``.
        split: train, validation (the questions on 5 % of the training images, chosen by a hash of their names) or
            test; all of them when None.
        references: an image that is not here, or damaged, is a reference: its path without bytes, in place of an error.

    Raises:
        DataError: there is no such split; when it is read: a file or an image is missing or damaged, or no record
            of a file has its columns.
    """

    root: Path
    split: str | None = None
    references: bool = False

    def __post_init__(self) -> None:
        if self.split not in (*_SPLITS, None):
            raise DataError("VQA-RAD split", got=repr(self.split), expected=" or ".join(_SPLITS))

    def pending(self) -> Iterator[_Record | Dropped]:
        """Yield the questions in file order."""
        seen: set[str] = set()
        for record in _records(self.root, self.split)[0]:
            if isinstance(record, Dropped):
                if self.split in (None, record.original_id.partition("#")[0]):
                    yield record
            elif self.split in (None, _split_of(record)):
                yield _reason_to_drop(record, seen) or record
                seen.add(record.original_id)

    def make(self, pending: _Record | Dropped) -> Item:
        """Make the sample of a question."""
        if isinstance(pending, Dropped):
            return pending
        path = self._image_folder / pending.text("image_name")
        try:
            return (_sample(pending, _read_image(path)),)
        except ImageError as error:
            if self.references:
                return (_sample(pending, reference(f"{path.parent.name}/{path.name}")),)
            if path.is_file():
                raise
            raise DataError(
                f"{pending.place}: image {path}",
                got="no such file",
                expected="the image of the question",
                do="complete the image folder",
            ) from error

    @cached_property
    def _image_folder(self) -> Path:
        return _records(self.root, self.split)[1]


def open_vqa_rad(section: ImportSource) -> VqaRadReader:
    """Open VQA-RAD's folder, or one of its files."""
    path = Path(section.path)
    return VqaRadReader(path.parent if path.is_file() else path, references=True)


def _records(root: Path, split: str | None) -> tuple[Iterator[_Record | Dropped], Path]:
    for folder in (root, root / "data"):
        files = ((folder / "trainset.json", False), (folder / "testset.json", True))
        wanted = files[1:] if split == "test" else files
        if all(path.is_file() for path, _ in wanted):
            records = (record for path, is_test in wanted for record in _read_file(path, is_test=is_test))
            return records, folder / "images"
        if (folder / _OFFICIAL).is_file():
            images = folder / _OFFICIAL_IMAGES
            return _read_file(folder / _OFFICIAL, is_test=None), images if images.is_dir() else folder / "images"
    raise DataError(
        f"VQA-RAD in {root}",
        got="none of its files",
        expected=f"trainset.json and testset.json, or {_OFFICIAL!r}",
        do="download it from https://osf.io/89kps/ and set data.root to its folder",
    )


def _read_file(path: Path, *, is_test: bool | None) -> Iterator[_Record | Dropped]:
    """Read one list of records; is_test None means that each record's phrase_type tells its split."""
    try:
        content: Any = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise DataError(f"{path}", got=str(error), expected="a JSON list of questions") from error
    if not isinstance(content, list):
        raise DataError(f"{path}", got=type(content).__name__, expected="a JSON list of questions")
    layout = all_of(*_COLUMNS) if is_test is not None else all_of(*_COLUMNS, "phrase_type")
    yield from fitting(_record(path, number, fields, layout, is_test) for number, fields in enumerate(content, start=1))


def _record(path: Path, number: int, fields: Any, layout: Layout, is_test: bool | None) -> _Record | Dropped:  # noqa: FBT001 (as of `_read_file`)
    place = f"{path}, record {number}"
    if fault := layout.fault(fields):
        return Dropped(f"{'test' if is_test else 'train'}#{number}", LAYOUT, f"{place}: {fault}")
    return _Record(fields, place, str(fields["phrase_type"]).startswith("test") if is_test is None else is_test)


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
    if (kind := record.upper("answer_type")) not in _KINDS:
        fault = f"answer_type: got '{kind}', expected {one_of(_KINDS)}"
        return Dropped(record.original_id, LAYOUT, f"{record.place}: {fault}")
    return None


@lru_cache(maxsize=512)
def _read_image(path: Path) -> Image:
    return replace(read_image_file(path), path=f"{path.parent.name}/{path.name}")


def _sample(record: _Record, image: Image) -> Sample:
    organ = record.upper("image_organ")
    modality, anatomy = _ORGANS.get(organ) or ("", body_part_of(organ))
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
        answer=Answer(kind=_KINDS[record.upper("answer_type")], gold=(gold,)),
        language="en",
        task=_MISSPELT_TYPES.get(question_type, question_type),
        modality=modality,
        anatomy=anatomy,
        groups=Groups(study=record.text("image_name")),
    )
