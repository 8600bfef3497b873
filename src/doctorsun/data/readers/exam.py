"""Reader of examinations: questions with options, one or several right letters, and an explanation."""

from dataclasses import dataclass, replace
from string import ascii_uppercase
from typing import Any

from doctorsun.config.collection import ImportSource
from doctorsun.data.readers.exam_options import Option, options_in_columns, options_of, right_letters, split_question
from doctorsun.data.readers.fields import ANSWER, QUESTION, find, words_of
from doctorsun.data.readers.item import Dropped, Item
from doctorsun.data.readers.layout import Layout
from doctorsun.data.readers.origin import Origin, origin_of
from doctorsun.data.readers.record_reader import RawRecord, RecordReader, table_files
from doctorsun.schema import Answer
from doctorsun.text.language import has_han

_OPTIONS = ("options", "choices", "option", "选项")
_RIGHT = ("answer_idx", "label", *ANSWER)
_EXPLANATION = ("explanation", "exp", "rationale", "analysis", "解析")
_TYPE = ("question_type", "choice_type", "题型")
_SEVERAL = ("多", "multi", "x型")
_LAYOUT = Layout(((QUESTION, _RIGHT),), any_case=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExamQuestion:
    """A question as its file tells it.

    Attributes:
        options: letters and texts.
        right: the right letters; nothing where the file names none of the options.
        several: it is told that several may be right.
    """

    text: str
    options: list[Option]
    right: str
    explanation: str = ""
    several: bool = False


def open_exam(section: ImportSource) -> RecordReader:
    """Open tables of examination questions.

    Raises:
        DataError: there is no table.
    """
    return RecordReader(table_files(section), origin_of(section, "exam"), _item, _LAYOUT)


def exam_question(fields: dict[str, Any]) -> ExamQuestion:
    """Read a question from a record: its options stand in one column, in a column each, or behind the question."""
    asked, options = split_question(words_of(fields, QUESTION))
    listed = find(fields, _OPTIONS)
    options = (options_of(fields[listed]) if listed else options_in_columns(fields)) or options
    right = find(fields, _RIGHT)
    return ExamQuestion(
        text=asked,
        options=options,
        right=right_letters(fields[right] if right else "", options),
        explanation=words_of(fields, _EXPLANATION),
        several=any(sign in words_of(fields, _TYPE).lower() for sign in _SEVERAL),
    )


def exam_item(
    asked: ExamQuestion, original_id: str, origin: Origin, *, split: str = "train", task: str = "exam"
) -> Item:
    """Make an item of a question; the reply declares its letters before the explanation, which may name others."""
    reason = _fault(asked)
    if reason:
        return Dropped(original_id, *reason)
    chinese = has_han(asked.text)
    several = asked.several or len(asked.right) > 1
    choices = "\n".join(f"{letter}. {text}" for letter, text in asked.options)
    note = ("（多选）" if chinese else " (Choose all that apply.)") if several else ""
    sample = origin.text_sample(
        original_id,
        [("user", f"{asked.text}{note}\n{choices}"), ("assistant", _reply(asked, chinese=chinese))],
        split=split,
    )
    answer = Answer(
        kind="mcq_multi" if several else "mcq",
        options=tuple(text for _, text in asked.options),
        gold=tuple(asked.right),
    )
    return (replace(sample, answer=answer, task=task),)


def _item(raw: RawRecord, origin: Origin) -> Item:
    return exam_item(exam_question(raw.fields), raw.id, origin)


def _fault(asked: ExamQuestion) -> tuple[str, str] | None:
    """Return why a question cannot be asked: the reason and the details."""
    letters = "".join(letter for letter, _ in asked.options)
    texts = [text for _, text in asked.options]
    if not asked.text:
        return "no_question", ""
    if len(texts) < 2 or not all(texts):  # noqa: PLR2004 (a choice)
        return "no_options", "; ".join(texts)
    if letters != ascii_uppercase[: len(letters)]:
        return "option_letters", letters
    if not asked.right:
        return "no_answer", f"the options are {letters}"
    if any(texts.count(texts[letters.index(letter)]) > 1 for letter in asked.right):
        return "ambiguous_answer", "; ".join(texts)
    return None


def _reply(asked: ExamQuestion, *, chinese: bool) -> str:
    texts = dict(asked.options)
    chosen = asked.right if len(asked.right) == 1 else ("、" if chinese else ", ").join(asked.right)
    if len(asked.right) == 1:
        chosen = f"{chosen}. {texts[asked.right]}"
    if not asked.explanation:
        return chosen
    declared, because = ("答案：", "解析：") if chinese else ("Answer: ", "Explanation: ")
    return f"{declared}{chosen}\n{because}{asked.explanation}"
