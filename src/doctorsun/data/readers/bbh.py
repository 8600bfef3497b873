"""Reader of BIG-Bench Hard: tasks of reasoning, with lettered options or with answers of their own.

Suzgun et al. 2022, arXiv 2210.09261, https://github.com/suzgunmirac/BIG-Bench-Hard, MIT: a file per task, ``{"canary",
"examples": [{"input", "target"}]}``. It is for evaluation, so its split is test.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

from doctorsun.config.collection import ImportSource
from doctorsun.data.readers.encoding import open_text
from doctorsun.data.readers.exam import ExamQuestion, exam_item
from doctorsun.data.readers.exam_options import right_letters
from doctorsun.data.readers.fields import words
from doctorsun.data.readers.item import Dropped, Item
from doctorsun.data.readers.layout import all_of
from doctorsun.data.readers.origin import Origin, origin_of
from doctorsun.data.readers.record_reader import RawRecord, RecordReader
from doctorsun.data.readers.source_files import source_files
from doctorsun.errors import DataError
from doctorsun.schema import Answer
from doctorsun.text.normalize import exact_form

_OPTIONS = re.compile(r"\n\s*Options:\s*\n")
_OPTION = re.compile(r"\(([A-Z])\)\s*(.+)")


def open_bbh(section: ImportSource) -> RecordReader:
    """Open the files of its tasks.

    Raises:
        DataError: there is none.
    """
    origin = origin_of(section, "bbh", url="https://github.com/suzgunmirac/BIG-Bench-Hard", licence="MIT")
    origin = replace(origin, domain="general")
    return RecordReader(source_files(section.path, (".json",)), origin, _item, all_of("input", "target"), _values)


def _values(path: Path) -> Iterator[tuple[str, Any]]:
    with open_text(path) as file:
        try:
            content: Any = json.load(file)
        except ValueError as error:
            raise DataError(f"{path}", got=str(error), expected="a task of BIG-Bench Hard") from error
    examples = content.get("examples") if isinstance(content, dict) else None
    if not isinstance(examples, list):
        raise DataError(f"{path}", got="no list of examples", expected="a task of BIG-Bench Hard")
    for number, value in enumerate(examples, start=1):
        yield f"{path}, example {number}", value


def _item(raw: RawRecord, origin: Origin) -> Item:
    task = f"bbh:{PurePosixPath(raw.file_name).stem}"
    asked, target = words(raw.fields["input"]), words(raw.fields["target"])
    stem, *rest = _OPTIONS.split(asked, maxsplit=1)
    options = [(match[1], match[2].strip()) for match in _OPTION.finditer(rest[0])] if rest else []
    if options and (right := right_letters(target.strip("()"), options)):
        return exam_item(ExamQuestion(text=stem, options=options, right=right), raw.id, origin, split="test", task=task)
    if not asked or not exact_form(target):
        return Dropped(raw.id, "no_answer" if asked else "no_question", raw.place)
    sample = origin.text_sample(raw.id, [("user", asked), ("assistant", target)], split="test")
    kind, gold = ("closed", exact_form(target)) if exact_form(target) in ("yes", "no") else ("open", target)
    return (replace(sample, answer=Answer(kind=kind, gold=(gold,)), task=task),)
