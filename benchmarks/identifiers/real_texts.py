"""Sentences of real dialogues, notes, answers and translations, in Chinese and English."""

import csv
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path

from defusedxml import ElementTree

_CHINESE_END = re.compile(r"(?<=[。！？；])|\n")
_ENGLISH_END = re.compile(r"(?<=[a-z)][.!?])\s+(?=[A-Z])|\n")
_SHORTEST, _LONGEST = 8, 240
_NUMBER_OR_NAME = re.compile(r"\d{3}|\d\s?月|[A-Z][a-z]+,?\s+[A-Z][a-z]+|[A-Z][a-z]+ \d|\d [A-Z][a-z]+|http|@")


def toyhom(folder: Path) -> Iterator[str]:
    """Yield questions of patients and answers of physicians."""
    for path in sorted((folder / "toyhom_zh_dialogue").glob("*.csv")):
        for row in csv.DictReader(io.StringIO(path.read_bytes().decode("gb18030"))):
            yield from (row["ask"], row["answer"])


def zhongjing(folder: Path) -> Iterator[str]:
    """Yield the turns of dialogues."""
    for record in json.loads((folder / "zhongjing_cmtmedqa/data/CMtMedQA_test.json").read_text(encoding="utf-8")):
        yield from (record.get("instruction", ""), record["output"])
        for turns in record.get("history") or []:
            yield from turns


def tico19(folder: Path, language: str) -> Iterator[str]:
    """Yield one side of aligned sentences."""
    tree = ElementTree.parse(folder / "tico19_en_zh/data/TM/all.en-zh.tmx")
    for side in tree.iter("tuv"):
        if side.get("{http://www.w3.org/XML/1998/namespace}lang", "").startswith(language):
            yield side.findtext("seg") or ""


def medquad(folder: Path) -> Iterator[str]:
    """Yield questions and answers of health institutes."""
    for path in sorted((folder / "medquad").glob("*/*.xml")):
        for pair in ElementTree.parse(path).iter("QAPair"):
            yield from (pair.findtext("Question") or "", pair.findtext("Answer") or "")


def covid_notes(folder: Path) -> Iterator[str]:
    """Yield clinical notes beside chest radiographs."""
    with (folder / "covid_cxr_segmentations/metadata.csv").open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            yield from (row["clinical_notes"] or "", row["other_notes"] or "")


def corpora(folder: Path) -> dict[str, tuple[str, list[str]]]:
    """Return for each source its language and its sentences."""
    sources = {
        "toyhom_zh_dialogue": ("zh", toyhom(folder)),
        "zhongjing_cmtmedqa": ("zh", zhongjing(folder)),
        "tico19_zh": ("zh", tico19(folder, "zh")),
        "tico19_en": ("en", tico19(folder, "en")),
        "medquad": ("en", medquad(folder)),
        "covid_cxr_notes": ("en", covid_notes(folder)),
    }
    return {name: (language, list(_sentences(texts, language))) for name, (language, texts) in sources.items()}


def contexts(found: dict[str, tuple[str, list[str]]], language: str) -> list[str]:
    """Return sentences to plant between: those without long numbers, dates and pairs of capitalised words."""
    return [
        sentence
        for name, (spoken, sentences) in found.items()
        for sentence in sentences[:: 1 if name == "covid_cxr_notes" else 7]
        if spoken == language and not _NUMBER_OR_NAME.search(sentence)
    ]


def _sentences(texts: Iterator[str], language: str) -> Iterator[str]:
    for text in texts:
        for sentence in (_CHINESE_END if language == "zh" else _ENGLISH_END).split(text):
            clean = " ".join(sentence.split())
            if _SHORTEST <= len(clean) <= _LONGEST:
                yield clean
