"""Reader of tables of questions whose columns the user, or the page of a task, names."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from string import ascii_uppercase
from typing import Any

from doctorsun.config.collection import ImportSource
from doctorsun.config.question_table import QuestionColumns, SecondFile
from doctorsun.data.readers.captions import question_conversation
from doctorsun.data.readers.conversation import Conversation, ImageRef, checked, image_ref, marked_text
from doctorsun.data.readers.exam_options import Option, listed_text, options_of, right_letters, split_question
from doctorsun.data.readers.fields import find, words, words_of
from doctorsun.data.readers.imaging_words import article_of, body_part_of, modality_of, split_of
from doctorsun.data.readers.item import Dropped
from doctorsun.data.readers.layout import ANOTHER_FORMAT, any_of
from doctorsun.data.readers.origin import origin_of
from doctorsun.data.readers.published import Published, PublishedReader, finder_of, folder_of
from doctorsun.data.readers.record_files import file_values
from doctorsun.data.readers.record_reader import RawRecord
from doctorsun.data.readers.source_files import source_files
from doctorsun.data.readers.tables import SUFFIXES
from doctorsun.errors import DataError
from doctorsun.schema import Answer, AnswerKind, Groups, Message, text_part
from doctorsun.text.language import has_han
from doctorsun.text.normalize import exact_form

_SEVERAL = ("多", "multi-", "multi_", "multiple answers", "x型")
_POLAR = ("yes", "no", "是", "否", "有", "没有", "是的", "不是")
_NUMBERED_IMAGE = re.compile(r"<image[ _]?(\d+)>")
_BASE64 = re.compile(r"[A-Za-z0-9+/\s]{64,}={0,2}\s*")


@dataclass(frozen=True)
class QuestionTable:
    """The columns of a table, and the answers that stand in a second file."""

    columns: QuestionColumns
    answers: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def read(self, raw: RawRecord) -> Published | Dropped:
        """Read a question, with its options where it has some.

        Returns:
            The question; dropped as ``no_question``, ``no_answer`` (none, or one that names none of the options),
            ``option_letters``, ``ambiguous_answer``, ``rotation`` (MMBench's repetition of a question with its
            options in another order) or as of `question_conversation`.
        """
        asked, options = self._question(raw.fields)
        images = self._images(raw.fields)
        reason = _fault(asked, options) or ("rotation" if images is None else "")
        if reason or images is None:
            return Dropped(raw.id, reason, raw.place)
        answer = self._answer(raw.fields, options)
        if isinstance(answer, str):
            return Dropped(raw.id, answer, raw.place)
        return self._published(raw, asked, answer, images)

    def _published(self, raw: RawRecord, asked: str, answer: Answer, images: Sequence[ImageRef]) -> Published | Dropped:
        columns = self.columns
        conversation = _conversation(raw, asked, answer, images)
        if isinstance(conversation, Dropped):
            return conversation
        modality, anatomy = (words_of(raw.fields, _lower(names)) for names in (columns.modality, columns.anatomy))
        kind = words_of(raw.fields, _lower(columns.type))
        return Published(
            conversation=conversation,
            original_id=words_of(raw.fields, _lower(columns.id)),
            split=split_of(raw.file_name),
            answer=answer,
            task=kind.lower().replace(" ", "_"),
            modality=modality_of(modality) if modality else "",
            anatomy=body_part_of(anatomy) if anatomy else "",
            groups=Groups(article=article_of(images[0].path) if images else ""),
        )

    def _question(self, fields: Mapping[str, Any]) -> tuple[str, list[Option]]:
        context = words_of(fields, _lower(self.columns.context))
        asked, behind = split_question(words_of(fields, _lower(self.columns.question)))
        options = self._options(fields) or behind
        return "\n".join(text for text in (context, asked) if text), options

    def _options(self, fields: Mapping[str, Any]) -> list[Option]:
        names = self.columns.options
        if len(names) == 1:
            name = find(fields, _lower(names))
            listed = options_of(listed_text(fields[name])) if name else []
            while listed and not listed[-1][1]:  # an object that has all letters for every question
                listed.pop()
            return listed
        texts = [words_of(fields, [name.lower()]) for name in names]
        while texts and not texts[-1]:
            texts.pop()
        return [(letter, _without(letter, text)) for letter, text in zip(ascii_uppercase, texts, strict=False)]

    def _answer(self, fields: Mapping[str, Any], options: list[Option]) -> Answer | str:
        """Return the answer, or the reason why there is none."""
        value = self._told(fields)
        kind = words_of(fields, _lower(self.columns.kind)).lower()
        if not options:
            return _free_answer(value, kind)
        right = self._numbered(value, len(options)) if self.columns.answer_base is not None else ""
        right = right or right_letters(listed_text(value), options)
        if not right:
            return "no_answer"
        texts = [text for _, text in options]
        if any(texts.count(texts[ascii_uppercase.index(letter)]) > 1 for letter in right):
            return "ambiguous_answer"
        several = len(right) > 1 or any(sign in kind for sign in _SEVERAL)
        return Answer(kind="mcq_multi" if several else "mcq", options=tuple(texts), gold=tuple(right))

    def _told(self, fields: Mapping[str, Any]) -> Any:
        second = self.columns.answers
        if second:
            return self.answers.get(words_of(fields, [second.key.lower()]))
        name = find(fields, _lower(self.columns.answer))
        return fields[name] if name else None

    def _numbered(self, value: Any, num_options: int) -> str:
        told = words(value)
        index = int(told) - (self.columns.answer_base or 0) if told.lstrip("-").isdigit() else -1
        return ascii_uppercase[index] if 0 <= index < num_options else ""

    def _images(self, fields: Mapping[str, Any]) -> list[ImageRef] | None:
        """Return the images of a record; None where it refers to the image of another row."""
        values: list[Any] = []
        for name in self.columns.images:
            key = find(fields, [name.lower()])
            value = listed_text(fields[key]) if key else None
            values.extend(value if isinstance(value, list | tuple) else [value])
        if any(isinstance(value, str | int) and str(value).strip().isdigit() for value in values):
            return None
        return [ref for value in values if (ref := image_ref(_as_data_url(value)))]


def open_questions(section: ImportSource) -> PublishedReader:
    """Open tables of questions.

    Raises:
        DataError: there is no table, or the file of the answers is not there or lacks a column.
    """
    columns = section.columns or QuestionColumns()
    files = source_files(section.path, SUFFIXES)
    answers = _second_file(columns.answers, files[0].path) if columns.answers else {}
    if columns.answers:
        files = tuple(file for file in files if file.path.name != columns.answers.file)
    return PublishedReader(
        files=files,
        origin=origin_of(section, folder_of(section).resolve().name),
        read_record=QuestionTable(columns, answers).read,
        finder=finder_of(section, folder_of(section)),
        layout=any_of(
            *_lower(columns.question), any_case=True, advice=f"correct columns.question, or {ANOTHER_FORMAT}"
        ),
    )


def _second_file(second: SecondFile, beside: Path) -> dict[str, Any]:
    """Return the answers by their key; the file lies beside the questions, or in a folder above."""
    places = [folder / second.file for folder in list(beside.absolute().parents)[:4]]
    path = next((place for place in places if place.is_file()), None)
    if path is None:
        do = "put it beside the questions"
        raise DataError(f"{beside.with_name(second.file)}", got="no such file", expected="the answers", do=do)
    found: dict[str, Any] = {}
    for place, value in file_values(path):
        if not isinstance(value, dict) or second.key not in value or second.answer not in value:
            raise DataError(place, got="a record without them", expected=f"{second.key} and {second.answer}")
        found[words(value[second.key])] = value[second.answer]
    return found


def _conversation(raw: RawRecord, asked: str, answer: Answer, images: Sequence[ImageRef]) -> Conversation | Dropped:
    """Return the question with its lettered options; images stand where ``<image 1>`` marks them, else first."""
    lettered = [f"{letter}. {text}" for letter, text in zip(ascii_uppercase, answer.options, strict=False)]
    note = ("（多选）" if has_han(asked) else " (Choose all that apply.)") if answer.kind == "mcq_multi" else ""
    text, shown = _marked("\n".join((f"{asked}{note}", *lettered)), images)
    reply = "\n".join(lettered[ascii_uppercase.index(letter)] for letter in answer.gold) if lettered else answer.gold[0]
    if not shown:
        return question_conversation(raw, text, reply, images)
    turns = (
        Message(role="user", content=tuple(marked_text(text))),
        Message(role="assistant", content=(text_part(reply),)),
    )
    return checked(raw, turns, shown)


def _marked(text: str, images: Sequence[ImageRef]) -> tuple[str, list[ImageRef]]:
    """Return a text whose first ``<image N>`` are plain marks, and the images in the order of all marks."""
    found = list(dict.fromkeys(int(number) for number in _NUMBERED_IMAGE.findall(text)))
    numbers = [number for number in found if 0 < number <= len(images)]
    for number in numbers:
        text = re.sub(rf"<image[ _]?{number}>", "<image>", text, count=1)
    if not numbers:
        return text, []
    others = [image for number, image in enumerate(images, start=1) if number not in numbers]
    return "<image>\n" * len(others) + text, [*others, *(images[number - 1] for number in numbers)]


def _free_answer(value: Any, kind: str) -> Answer | str:
    value = listed_text(value)
    accepted = tuple(text for each in (value if isinstance(value, list | tuple) else [value]) if (text := words(each)))
    if not accepted or not exact_form(accepted[0]):
        return "no_answer"
    plain = exact_form(accepted[0])
    told: dict[str, AnswerKind] = {"closed": "closed", "open": "open"}
    found = told.get(kind) or ("closed" if plain in _POLAR else "open")
    return Answer(kind=found, gold=(plain,) if plain in ("yes", "no") else accepted)


def _fault(asked: str, options: list[Option]) -> str:
    letters = "".join(letter for letter, _ in options)
    if not asked:
        return "no_question"
    if options and (len(options) < 2 or not all(text for _, text in options)):  # noqa: PLR2004 (a choice)
        return "no_options"
    return "option_letters" if letters != ascii_uppercase[: len(letters)] else ""


def _as_data_url(value: Any) -> Any:
    if isinstance(value, str) and _BASE64.fullmatch(value):
        return "data:image/unknown;base64," + re.sub(r"\s", "", value)
    return value


def _without(letter: str, text: str) -> str:
    """Return an option without its own letter in front of it, as PMC-VQA writes them (`` A:CT ``)."""
    return re.sub(rf"^\s*{letter}\s*[:：]\s*", "", text)


def _lower(names: Sequence[str]) -> tuple[str, ...]:
    return tuple(name.lower() for name in names)
