"""Reader of MedQuAD: questions and answers from pages of the National Institutes of Health.

Ben Abacha and Demner-Fushman, BMC Bioinformatics 20:511 (2019), https://github.com/abachaa/MedQuAD, CC BY 4.0. An XML
file per page; three of the twelve folders have no answers, as their copyright demands. Five files spell the elements
otherwise (``doc``, ``pair``, ``question``; ``DiseaseFile``). Numbers of questions repeat, so files name the items.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import parse

from doctorsun.config.collection import ImportSource
from doctorsun.data.readers.item import Dropped, Item
from doctorsun.data.readers.origin import Origin, origin_of
from doctorsun.data.readers.source_files import SourceFile, source_files
from doctorsun.errors import DataError
from doctorsun.schema import Groups

_PAGES = ("document", "doc", "diseasefile")
_PAIRS = ("qapair", "pair")
_FOCUS = ("focus", "doctitle-focus")
_SAYS_MUCH = {"cui": "cui", "semantictype": "semantic_types", "semanticgroup": "semantic_groups"}
_LIST_ITEM = re.compile(r"[ \t]{2,}-\s+")  # lists were flattened into their paragraph
_BLANKS = re.compile(r"[ \t\u00a0]+")
_EMPTY_LINES = re.compile(r"\n\s*\n\s*")
_QUESTION_MARKS = re.compile(r"(?:\s*\?)+$")


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionOnPage:
    """A question of a page, and what the page is about."""

    id: str
    page: str
    question: str
    answer: str
    kind: str
    focus: dict[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True)
class MedquadReader:
    """The opened pages."""

    files: tuple[SourceFile, ...]
    origin: Origin

    def pending(self) -> Iterator[QuestionOnPage]:
        """Yield the questions, and pages that have none."""
        for file in self.files:
            yield from _questions(file)

    def make(self, pending: QuestionOnPage) -> Item:
        """Make the sample of a question."""
        for name in ("question", "answer"):
            if not getattr(pending, name):
                return Dropped(pending.id, f"no_{name}", pending.page)
        sample = replace(
            self.origin.text_sample(pending.id, [("user", pending.question), ("assistant", pending.answer)]),
            task=f"question:{pending.kind}" if pending.kind else "question",
            groups=Groups(article=pending.page),
            facts=json.dumps(pending.focus, ensure_ascii=False),
        )
        return (sample,)


def open_medquad(section: ImportSource) -> MedquadReader:
    """Open a folder of MedQuAD's pages.

    Raises:
        DataError: there is none.
    """
    origin = origin_of(section, "medquad", url="https://github.com/abachaa/MedQuAD", licence="CC-BY-4.0")
    return MedquadReader(source_files(section.path, (".xml",)), origin)


def _questions(file: SourceFile) -> Iterator[QuestionOnPage]:
    root = _root(file)
    if root.tag.lower() not in _PAGES:
        raise DataError(f"{file.path}", got=f"an element <{root.tag}>", expected="a page of MedQuAD: <Document>")
    page = root.get("url") or file.name
    focus = _focus(root)
    pairs = [each for each in root.iter() if each.tag.lower() in _PAIRS]
    if not pairs:
        yield QuestionOnPage(id=file.name, page=page, question="", answer="", kind="")
    for number, pair in enumerate(pairs, start=1):
        parts = {each.tag.lower(): each for each in pair}
        question = parts.get("question")
        yield QuestionOnPage(
            id=f"{file.name}#{number}",
            page=page,
            question=_QUESTION_MARKS.sub("?", _clean(question)),
            answer=_clean(parts.get("answer")),
            kind="" if question is None else question.get("qtype", "").strip().replace(" ", "_"),
            focus=focus,
        )


def _root(file: SourceFile) -> Element:
    try:
        root = parse(file.path).getroot()
    except (ParseError, DefusedXmlException, ValueError, OSError) as error:
        raise DataError(f"{file.path}", got=str(error), expected="an XML page of MedQuAD") from error
    if root is None:
        raise DataError(f"{file.path}", got="nothing", expected="an XML page of MedQuAD")
    return root


def _focus(root: Element) -> dict[str, Any]:
    """Return what a page is about, with its UMLS concepts, as facts of its samples."""
    about: dict[str, Any] = {}
    for element in root.iter():
        text, tag = _clean(element), element.tag.lower()
        if tag in _FOCUS and text:
            about["focus"] = text
        elif tag in _SAYS_MUCH and text:
            about.setdefault(_SAYS_MUCH[tag], []).append(text)
    return about


def _clean(element: Element | None) -> str:
    text = "" if element is None else "".join(element.itertext())
    text = _BLANKS.sub(" ", _LIST_ITEM.sub("\n- ", text))
    lines = "\n".join(line.strip() for line in text.strip().splitlines())
    return _EMPTY_LINES.sub("\n\n", lines)
