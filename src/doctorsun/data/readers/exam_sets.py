"""Published examinations: CMExam, CMMLU, C-Eval, MMLU, and the inputs of MedXpertQA's evaluation.

CMExam (Liu et al. 2023, arXiv 2306.03030): Chinese national medical licensing examination, columns Question, Options,
Answer, Explanation; files train, val and test.
CMMLU (Li et al. 2023, arXiv 2306.09212): a CSV file per subject below ``dev`` and ``test``.
C-Eval (Huang et al. 2023, arXiv 2305.08322): ``SUBJECT_val.csv`` and so on; the answers of ``test`` are not published.
MMLU (Hendrycks et al. 2021, arXiv 2009.03300): ``SUBJECT_test.csv``, a question, four options and a letter without a
header.
MedXpertQA (Zuo et al. 2025, arXiv 2501.18362): JSON lines that also hold MedQA's test and medical subjects of MMLU.
All but CMExam's training file are for evaluation, so their split is test.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

from doctorsun.config.collection import ImportSource
from doctorsun.data.readers.exam import exam_item, exam_question
from doctorsun.data.readers.fields import words_of
from doctorsun.data.readers.item import Item
from doctorsun.data.readers.layout import all_of
from doctorsun.data.readers.origin import Origin, origin_of
from doctorsun.data.readers.record_reader import RawRecord, RecordReader
from doctorsun.data.readers.source_files import source_files
from doctorsun.data.readers.tables import headless_values

_MMLU_COLUMNS = ("question", "A", "B", "C", "D", "answer")
_SPLIT = re.compile(r"_(dev|val|test)$")
_MEDXPERTQA = "medxpertqa"
# Both are published under the MIT licence too.
_SUITES = {
    "medqa": ("medqa", "https://github.com/jind11/MedQA"),
    "mmlu_medical": ("mmlu", "https://github.com/hendrycks/test"),
}


def open_cmexam(section: ImportSource) -> RecordReader:
    """Open CMExam's tables; files that are not called ``train`` are of the split test.

    Raises:
        DataError: there is no table.
    """
    origin = origin_of(section, "cmexam", url="https://github.com/williamliujl/CMExam", licence="Apache-2.0")
    layout = all_of("Question", "Options", "Answer", "Explanation")
    return RecordReader(source_files(section.path, (".csv", ".xlsx")), origin, _cmexam_item, layout)


def open_cmmlu(section: ImportSource) -> RecordReader:
    """Open CMMLU's subjects; ``dev`` holds the examples of prompts and is not for training either.

    Raises:
        DataError: there is no table.
    """
    origin = origin_of(section, "cmmlu", url="https://github.com/haonan-li/CMMLU", licence="CC-BY-NC-SA-4.0")
    layout = all_of("Question", "A", "B", "C", "D", "Answer")
    return RecordReader(source_files(section.path, (".csv",)), origin, _cmmlu_item, layout)


def open_ceval(section: ImportSource) -> RecordReader:
    """Open C-Eval's subjects.

    Raises:
        DataError: there is no table.
    """
    origin = origin_of(section, "ceval", url="https://github.com/hkust-nlp/ceval", licence="CC-BY-NC-SA-4.0")
    layout = all_of("question", "A", "B", "C", "D", "answer")
    return RecordReader(source_files(section.path, (".csv",)), origin, _subject_item, layout)


def open_mmlu(section: ImportSource) -> RecordReader:
    """Open MMLU's subjects.

    Raises:
        DataError: there is no table.
    """
    origin = origin_of(section, "mmlu", url="https://github.com/hendrycks/test", licence="MIT")
    files = source_files(section.path, (".csv",))
    return RecordReader(files, origin, _subject_item, all_of(*_MMLU_COLUMNS), _mmlu_values)


def open_medxpertqa(section: ImportSource) -> RecordReader:
    """Open the inputs of MedXpertQA's evaluation: ``medqa``, ``mmlu_medical`` and its own questions.

    Raises:
        DataError: there is no file.
    """
    origin = origin_of(section, _MEDXPERTQA, url="https://github.com/TsinghuaC3I/MedXpertQA", licence="MIT")
    return RecordReader(source_files(section.path, (".jsonl",)), origin, _medxpertqa_item, all_of("question", "label"))


def _cmexam_item(raw: RawRecord, origin: Origin) -> Item:
    split = "train" if PurePosixPath(raw.id).name.startswith("train") else "test"
    return exam_item(exam_question(raw.fields), raw.id, origin, split=split)


def _cmmlu_item(raw: RawRecord, origin: Origin) -> Item:
    subject = PurePosixPath(raw.id.rpartition("#")[0]).stem
    return exam_item(exam_question(raw.fields), raw.id, origin, split="test", task=f"exam:{subject}")


def _mmlu_values(path: Path) -> Iterator[tuple[str, Any]]:
    return headless_values(path, _MMLU_COLUMNS)


def _subject_item(raw: RawRecord, origin: Origin) -> Item:
    subject = _SPLIT.sub("", PurePosixPath(raw.file_name).stem)
    return exam_item(exam_question(raw.fields), raw.id, origin, split="test", task=f"exam:{subject}")


def _medxpertqa_item(raw: RawRecord, origin: Origin) -> Item:
    suite = PurePosixPath(raw.id.rpartition("#")[0]).stem.removesuffix("_input")
    dataset, url = _SUITES.get(suite, (origin.dataset, origin.url))
    if origin.dataset == _MEDXPERTQA:
        origin = replace(origin, dataset=dataset, url=url)
    told = words_of(raw.fields, ("subject", "medical_task")).lower().replace(" ", "_")
    task = f"exam:{told or suite}"
    original_id = words_of(raw.fields, ("id",)) or raw.id
    return exam_item(exam_question(raw.fields), original_id, origin, split="test", task=task)
