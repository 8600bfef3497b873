"""Published Chinese dialogues of patients and physicians: Toyhom's questions and CMtMedQA.

Toyhom: https://github.com/Toyhom/Chinese-medical-dialogue-data, GB18030 CSV files with the columns department, title,
ask, answer; one that asks nothing beside the title says 无.
CMtMedQA: Yang et al. 2023 (Zhongjing, arXiv 2308.03549), https://github.com/SupritYoung/Zhongjing: several turns,
their last one in instruction and output; its test file also holds prompts that try the model's safety, as instruct
and output. That file is for evaluation, so its split is test.
"""

from dataclasses import replace
from pathlib import PurePosixPath

from doctorsun.config.collection import ImportSource
from doctorsun.data.readers.departments import department_of
from doctorsun.data.readers.dialogue import DIALOGUE, dialogue_item
from doctorsun.data.readers.fields import words, words_of
from doctorsun.data.readers.item import Dropped, Item
from doctorsun.data.readers.layout import all_of
from doctorsun.data.readers.origin import Origin, origin_of
from doctorsun.data.readers.record_reader import RawRecord, RecordReader
from doctorsun.data.readers.source_files import source_files
from doctorsun.schema import Answer, Sample

_ASKS_NOTHING = "无"
_CMTMEDQA_FILES = ("cmtmedqa.json", "cmtmedqa_test.json")


def open_toyhom(section: ImportSource) -> RecordReader:
    """Open Toyhom's CSV files.

    Raises:
        DataError: there is none.
    """
    url = "https://github.com/Toyhom/Chinese-medical-dialogue-data"
    origin = origin_of(section, "toyhom", url=url, licence="MIT")
    files = source_files(section.path, (".csv",))
    return RecordReader(files, origin, _toyhom_item, all_of("department", "title", "ask", "answer"))


def open_cmtmedqa(section: ImportSource) -> RecordReader:
    """Open CMtMedQA's JSON files.

    Raises:
        DataError: there is none.
    """
    origin = origin_of(section, "cmtmedqa", url="https://github.com/SupritYoung/Zhongjing", licence="Apache-2.0")
    return RecordReader(source_files(section.path, _CMTMEDQA_FILES), origin, _cmtmedqa_item, DIALOGUE)


def _toyhom_item(raw: RawRecord, origin: Origin) -> Item:
    fields = raw.fields
    if words(fields["ask"]) == _ASKS_NOTHING:
        fields = fields | {"ask": ""}
    return dialogue_item(replace(raw, fields=fields), origin, original_id=raw.id)


def _cmtmedqa_item(raw: RawRecord, origin: Origin) -> Item:
    split = "test" if "test" in PurePosixPath(raw.id).name else "train"
    item = dialogue_item(raw, origin, original_id=words_of(raw.fields, ("id",)) or raw.id, split=split)
    if isinstance(item, Dropped):
        return item
    if "instruct" in raw.fields:
        return tuple(replace(sample, task="safety", answer=_told(sample)) for sample in item)
    department = department_of(words_of(raw.fields, ("cate2",)), words_of(raw.fields, ("cate1",)))
    return tuple(replace(sample, department=department) for sample in item)


def _told(sample: Sample) -> Answer:
    """Return what the authors answered to a prompt that tries the model's safety."""
    return Answer(kind="open", gold=(sample.messages[-1].text,))
