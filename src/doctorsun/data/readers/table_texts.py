"""Texts that people wrote about a picture: in columns of its rows, or in a file of its own."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from string import ascii_uppercase
from typing import Literal

from pydantic import model_validator

from doctorsun.config.section import Section
from doctorsun.data.convert.annotation import HumanText
from doctorsun.data.readers.encoding import read_text
from doctorsun.data.readers.item import Dropped
from doctorsun.data.readers.item_files import file_of
from doctorsun.data.readers.paths import filled
from doctorsun.data.readers.table_rows import Row
from doctorsun.errors import DataError
from doctorsun.schema import Answer
from doctorsun.text.normalize import exact_form

_HEADING = re.compile(r"^[ \t]*([A-Z][A-Z /,()&'-]*[A-Z)]):", re.MULTILINE)
_CLOSED = {"yes", "no", "是", "否"}


class TextColumns(Section):
    """Where texts of one kind are; what is empty is left out, and so is what another row says in the same words."""

    kind: Literal["caption", "report", "question"]
    language: Literal["zh", "en"]
    text: str = "{text}"
    """Template of the caption, the report or the answer."""
    file: str = ""
    """Template of a text file, whose content is the column ``text``."""
    required: bool = True
    """Whether a picture without its text file is dropped; if not, it has no such text."""
    sections: tuple[str, ...] = ()
    """Headings of the report, as in ``FINDINGS: ...`` at the beginning of a line: only these sections are taken."""
    question: str = ""
    """Template of the question."""
    options: tuple[str, ...] = ()
    """Templates of the choices, A first; the answer is the letter or the text of one."""
    task: str = ""
    """Template of the type of the question."""

    @model_validator(mode="after")
    def _asks_if_it_is_a_question(self) -> "TextColumns":
        if (self.kind == "question") != bool(self.question):
            raise ValueError("the key question belongs to texts of kind question")
        return self

    def of_rows(self, rows: Sequence[Row], original_id: str, root: Path) -> list[HumanText] | Dropped:
        """Return the texts of an item.

        Raises:
            DataError: a template names an unknown column.
        """
        found: dict[HumanText, None] = {}
        for row in rows:
            fields = self._with_file(row, original_id, root)
            if isinstance(fields, Dropped):
                if fields.reason == "no_file" and not self.required:
                    continue
                return fields
            text = self._text(fields, original_id)
            if isinstance(text, Dropped):
                return text
            if text:
                found[text] = None
        return list(found)

    def _with_file(self, row: Row, original_id: str, root: Path) -> Row | Dropped:
        if not self.file:
            return row
        path = file_of(self.file, row, root, original_id)
        if isinstance(path, Dropped):
            return path
        try:
            return row | {"text": read_text(path)}
        except DataError as error:
            return Dropped(original_id, "text", error.text())

    def _text(self, fields: Row, original_id: str) -> HumanText | Dropped | None:
        text = filled(self.text, fields).strip()
        if self.sections:
            text = "\n".join(report_sections(text, self.sections))
        question = filled(self.question, fields).strip()
        if not text or (self.kind == "question" and not question):
            return None
        if self.kind != "question":
            return HumanText(kind=self.kind, language=self.language, text=text)
        answer = self._answer(text, fields)
        if answer is None:
            return Dropped(original_id, "answer", f"{text!r} is none of the options of {question!r}")
        task = filled(self.task, fields).strip()
        return HumanText(
            kind="question", language=self.language, text=text, question=question, answer=answer, task=task
        )

    def _answer(self, text: str, fields: Row) -> Answer | None:
        """Return the truth of a question; None where the answer is none of the options."""
        options = tuple(option for each in self.options if (option := filled(each, fields).strip()))
        if options:
            letters = ascii_uppercase[: len(options)]
            letter = text.upper() if text.upper() in tuple(letters) else _letter_of(text, options)
            return Answer(kind="mcq", gold=(letter,), options=options) if letter else None
        verdict = exact_form(text)
        return Answer(kind="closed", gold=(verdict,)) if verdict in _CLOSED else Answer(kind="open", gold=(text,))


def _letter_of(text: str, options: Sequence[str]) -> str:
    """Return the letter of an option, or nothing."""
    forms = [exact_form(option) for option in options]
    return ascii_uppercase[forms.index(exact_form(text))] if exact_form(text) in forms else ""


def report_sections(text: str, wanted: Sequence[str]) -> Iterator[str]:
    """Yield the wanted sections of a report with their headings, in the report's order."""
    headings = list(_HEADING.finditer(text))
    for heading, following in zip(headings, [*headings[1:], None], strict=True):
        body = " ".join(text[heading.end() : following.start() if following else len(text)].split())
        if body and heading.group(1) in wanted:
            yield f"{heading.group(1)}: {body}"
