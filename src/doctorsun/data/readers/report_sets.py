"""Readers of radiographs with their reports: R2Gen's annotation file, and MIMIC-CXR as it is distributed.

R2Gen (Chen et al. 2020, arXiv 2010.16056): ``annotation.json`` of IU X-Ray or MIMIC-CXR, ``{train, val, test: [{id,
report, image_path, split}]}``, images in ``images``.
MIMIC-CXR (Johnson et al. 2019, Scientific Data 6:317): ``mimic-cxr-2.0.0-split.csv``, a row for each image, and
``files/p10/p10000032/s50414267.txt`` beside the images of that study. Of a report the findings are the answer.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from doctorsun.config.collection import ImportSource
from doctorsun.data.readers.captions import question_conversation
from doctorsun.data.readers.conversation import ImageRef
from doctorsun.data.readers.encoding import open_text, read_text
from doctorsun.data.readers.fields import words
from doctorsun.data.readers.imaging_words import split_of
from doctorsun.data.readers.item import Dropped
from doctorsun.data.readers.layout import all_of
from doctorsun.data.readers.origin import origin_of
from doctorsun.data.readers.published import Published, PublishedReader, finder_of, folder_of
from doctorsun.data.readers.record_reader import RawRecord
from doctorsun.data.readers.source_files import source_files
from doctorsun.data.readers.table_texts import report_sections
from doctorsun.data.readers.tables import records
from doctorsun.errors import DataError
from doctorsun.schema import Answer, Groups

_ASKED = "Write the findings of the radiology report on these images."
_SPLITS = ("train", "val", "test")
_FINDINGS = "FINDINGS"


def open_r2gen(section: ImportSource) -> PublishedReader:
    """Open an annotation file of R2Gen; images lie in ``images`` beside it.

    Raises:
        DataError: there is no such file.
    """
    return PublishedReader(
        files=source_files(section.path, ("annotation.json",)),
        origin=origin_of(section, "r2gen", url="https://github.com/zhjohnchan/R2Gen"),
        read_record=read_r2gen,
        finder=finder_of(section, folder_of(section)),
        layout=all_of("id", "report", "image_path", "split"),
        values=_r2gen_values,
    )


def read_r2gen(raw: RawRecord) -> Published | Dropped:
    """Read one study: its images, and its report as it stands."""
    listed = raw.fields["image_path"]
    paths = [words(path) for path in (listed if isinstance(listed, list) else [listed])]
    study = words(raw.fields["id"])
    return _report(raw, words(raw.fields["report"]), [ImageRef(path) for path in paths], Groups(study=study))


def open_mimic_reports(section: ImportSource) -> PublishedReader:
    """Open MIMIC-CXR by its table of splits; images and reports lie in ``files`` beside it.

    Raises:
        DataError: there is no such table.
    """
    licence = "PhysioNet Credentialed Health Data License 1.5.0"
    url = "https://physionet.org/content/mimic-cxr-jpg/"
    return PublishedReader(
        files=source_files(section.path, ("mimic-cxr-2.0.0-split.csv",)),
        origin=origin_of(section, "mimic_cxr", url=url, licence=licence),
        read_record=read_mimic_report,
        finder=finder_of(section, folder_of(section)),
        layout=all_of("subject_id", "study_id", "split"),
        values=_mimic_values,
    )


def read_mimic_report(raw: RawRecord) -> Published | Dropped:
    """Read one study; one whose report has no section of findings is dropped as ``no_findings``."""
    subject, study = (words(raw.fields[name]) for name in ("subject_id", "study_id"))
    found = "\n".join(report_sections(raw.fields["report"], (_FINDINGS,))).partition(":")[2]
    findings = " ".join(found.split())
    if not findings:
        return Dropped(raw.id, "no_findings", f"{raw.place}: study {study}")
    folder = f"files/p{subject[:2]}/p{subject}/s{study}"
    images = [ImageRef(f"{folder}/{name}.jpg") for name in raw.fields["images"]]
    return _report(raw, findings, images, Groups(patient=subject, study=study))


def _report(raw: RawRecord, report: str, images: list[ImageRef], groups: Groups) -> Published | Dropped:
    if not report:
        return Dropped(raw.id, "no_answer", raw.place)
    conversation = question_conversation(raw, _ASKED, report, images)
    if isinstance(conversation, Dropped):
        return conversation
    return Published(
        conversation=conversation,
        original_id=groups.study,
        split=split_of(words(raw.fields["split"])),
        answer=Answer(kind="report", gold=(report,)),
        task="report",
        modality="chest_xray",
        anatomy="chest",
        groups=groups,
    )


def _r2gen_values(path: Path) -> Iterator[tuple[str, Any]]:
    with open_text(path) as file:
        try:
            content: Any = json.load(file)
        except ValueError as error:
            raise DataError(f"{path}", got=str(error), expected="R2Gen's annotation file") from error
    if not isinstance(content, dict) or not any(isinstance(content.get(split), list) for split in _SPLITS):
        raise DataError(f"{path}", got=type(content).__name__, expected="an object of the lists train, val and test")
    for split in _SPLITS:
        for number, value in enumerate(content.get(split, ()), start=1):
            place = f"{path}, {split}, record {number}"
            yield place, {"split": split} | value if isinstance(value, dict) else value


def _mimic_values(path: Path) -> Iterator[tuple[str, Any]]:
    """Yield one record per study of the test split: its fields, its images and its report.

    The other splits are for training, which adapters read; so hundreds of thousands of files stay closed.
    """
    studies: dict[str, dict[str, Any]] = {}
    for place, row in records(path):
        if any(name not in row for name in ("dicom_id", "subject_id", "study_id", "split")):
            yield place, row
        elif words(row["split"]) == "test":
            study = studies.setdefault(words(row["study_id"]), {**row, "place": place, "images": []})
            study["images"].append(words(row["dicom_id"]))
    for name, study in studies.items():
        subject = words(study["subject_id"])
        report = path.parent / f"files/p{subject[:2]}/p{subject}/s{name}.txt"
        if not report.is_file():
            do, expected = "unpack mimic-cxr-reports.zip beside the table", "the report of the study"
            raise DataError(f"{study['place']}: {report}", got="no such file", expected=expected, do=do)
        yield study["place"], study | {"report": read_text(report)}
