"""Reader of PMC-VQA: multiple choice on figures of PMC articles, versions 1 and 2 and the checked test set.

https://huggingface.co/datasets/xmcmic/PMC-VQA: version 1 (``train.csv``, ``test.csv``, ``test_clean.csv``) has the
answer's text in ``Answer`` (``Anwser`` in older files) and its letter in ``Answer_label``; version 2 (``train_2.csv``,
``test_2.csv``) has its letter in ``Answer``. Choices begin with their letters: ``A:CT``, or `` A:CT``.
"""

import re
from collections.abc import Mapping, Sequence
from string import ascii_uppercase
from typing import Any

from doctorsun.config.collection import ImportSource
from doctorsun.data.readers.captions import question_conversation
from doctorsun.data.readers.conversation import ImageRef
from doctorsun.data.readers.fields import find, words, words_of
from doctorsun.data.readers.imaging_words import article_of, split_of
from doctorsun.data.readers.item import Dropped
from doctorsun.data.readers.layout import any_of
from doctorsun.data.readers.origin import origin_of
from doctorsun.data.readers.published import Published, PublishedReader, finder_of, folder_of
from doctorsun.data.readers.record_reader import RawRecord
from doctorsun.data.readers.source_files import source_files
from doctorsun.schema import Answer, Groups

_CHOICES = ("choice a", "choice b", "choice c", "choice d")
_LETTER = re.compile(r"^\s*[A-D]\s*:\s*")
_ANSWERS = ("answer_label", "answer label", "answer", "anwser")


def open_pmc_vqa(section: ImportSource) -> PublishedReader:
    """Open the folder of PMC-VQA, or one of its tables.

    Raises:
        DataError: there is no file.
    """
    url = "https://huggingface.co/datasets/xmcmic/PMC-VQA"
    files = source_files(section.path, (".csv",))
    return PublishedReader(
        files=tuple(file for file in files if not file.name.endswith("file_list.csv")),
        origin=origin_of(section, "pmc_vqa", url=url),
        read_record=read_pmc_vqa,
        finder=finder_of(section, folder_of(section)),
        layout=any_of("Figure_path"),
    )


def read_pmc_vqa(raw: RawRecord) -> Published | Dropped:
    """Read a question with four choices; the right one is told by its letter or by its text."""
    figure = words(raw.fields.get("Figure_path"))
    options = [words_of(raw.fields, [name]) for name in _CHOICES]
    options = [_LETTER.sub("", option) for option in options]
    return choice_question(raw, words_of(raw.fields, ["question"]), options, [ImageRef(figure)])


def choice_question(
    raw: RawRecord, question: str, options: Sequence[str], images: Sequence[ImageRef]
) -> Published | Dropped:
    """Return a question with its options and the right letter, as examinations are asked too."""
    while options and not options[-1]:
        options = options[:-1]
    right = right_letter(raw.fields, options)
    if not right or not all(options):
        return Dropped(raw.id, "no_answer" if all(options) else "no_options", raw.place)
    if not question:
        return Dropped(raw.id, "no_question", raw.place)
    lettered = [f"{letter}. {option}" for letter, option in zip(ascii_uppercase, options, strict=False)]
    conversation = question_conversation(
        raw, "\n".join((question, *lettered)), lettered[ascii_uppercase.index(right)], images
    )
    if isinstance(conversation, Dropped):
        return conversation
    return Published(
        conversation=conversation,
        split=split_of(words_of(raw.fields, ["split"])) or split_of(raw.file_name),
        answer=Answer(kind="mcq", options=tuple(options), gold=(right,)),
        groups=Groups(article=article_of(images[0].path) if images else ""),
    )


def right_letter(fields: Mapping[str, Any], options: Sequence[str]) -> str:
    """Return the letter of the right option, by letter, by number from 0, or by text; nothing where none is told."""
    for name in _ANSWERS:
        key = find(fields, [name])
        value = None if key is None else fields[key]
        told = words(value)
        letters = ascii_uppercase[: len(options)]
        if len(told) == 1 and told.upper() in letters:
            return told.upper()
        if isinstance(value, int) and 0 <= value < len(options):
            return letters[value]
        text = _LETTER.sub("", told)
        if text and list(options).count(text) == 1:
            return letters[list(options).index(text)]
    return ""
