"""Reader of dialogues: a question and its answer, with or without a history, or a list of turns.

A question stands in one column (``ask``, ``question``, ``instruction`` with ``input``), what was said before in
``history``, a list of pairs; or all turns stand in one list, as ``{role, content}``, ``{from, value}``,
``{speaker, utterance}`` or texts of patient and doctor by turns. Turns of one speaker in a row become one; turns
behind the last answer have no answer and are left out.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import groupby
from typing import Any

from doctorsun.config.collection import ImportSource
from doctorsun.data.readers.departments import department_of
from doctorsun.data.readers.fields import ANSWER, QUESTION, find, words, words_of
from doctorsun.data.readers.item import Dropped, Item
from doctorsun.data.readers.layout import Layout
from doctorsun.data.readers.origin import Origin, Turn, origin_of
from doctorsun.data.readers.record_reader import RawRecord, RecordReader, table_files
from doctorsun.schema import Role

_TURNS = ("messages", "conversations", "conversation", "dialogue", "dialog", "turns", "对话")
_ASKED = ("instruction", "instruct", *QUESTION)
_ANSWERED = ("output", *ANSWER)
_TITLE = ("title", "标题")
_DEPARTMENT = ("department", "科室")
_SPEAKER = ("role", "from", "speaker", "角色")
_SAID = ("content", "value", "utterance", "text", "sentence", "内容")
_SPEAKERS: dict[str, Role] = {
    **dict.fromkeys(("user", "human", "patient", "client", "病人", "患者", "用户", "问"), "user"),
    **dict.fromkeys(("assistant", "gpt", "bot", "doctor", "model", "医生", "医师", "答"), "assistant"),
    "system": "system",
}


DIALOGUE = Layout(((_TURNS,), (_ASKED, _ANSWERED)), any_case=True)
"""Turns, or a question and its answer."""


class _NoDialogueError(Exception):
    """What a record lacks to be a dialogue: a reason, and the details of this case."""


def open_dialogue(section: ImportSource) -> RecordReader:
    """Open tables or JSON files of dialogues.

    Raises:
        DataError: there is no such file.
    """
    return RecordReader(table_files(section), origin_of(section, "dialogue"), _item, DIALOGUE)


def dialogue_item(raw: RawRecord, origin: Origin, *, original_id: str, split: str = "train") -> Item:
    """Make an item of a record of the layout `DIALOGUE`."""
    listed = find(raw.fields, _TURNS)
    try:
        turns = _listed_turns(raw.fields[listed]) if listed else _asked_turns(raw)
        turns = _in_order(turns)
    except _NoDialogueError as problem:
        return Dropped(original_id, *problem.args)
    sample = replace(origin.text_sample(original_id, turns, split=split), task="dialogue")
    department = department_of(words_of(raw.fields, _DEPARTMENT))
    return (replace(sample, department=department),)


def question_of(title: str, ask: str) -> str:
    """Return the question of a title and a description, without saying a thing twice."""
    if not title or title in ask:
        return ask
    return f"{title}\n{ask}" if ask else title


def _item(raw: RawRecord, origin: Origin) -> Item:
    return dialogue_item(raw, origin, original_id=raw.id)


def _asked_turns(raw: RawRecord) -> list[Turn]:
    fields = raw.fields
    asked, answered = words_of(fields, _ASKED), words_of(fields, _ANSWERED)
    more = words_of(fields, ("input",))
    question = question_of(words_of(fields, _TITLE), "\n".join(part for part in (asked, more) if part))
    return [*_history(fields.get("history")), ("user", question), ("assistant", answered)]


def _history(value: Any) -> Iterator[Turn]:
    pairs = value or []
    if not isinstance(pairs, list) or any(not isinstance(pair, list | tuple) or len(pair) != 2 for pair in pairs):  # noqa: PLR2004 (a question and its answer)
        raise _NoDialogueError("history", "not a list of pairs")
    for asked, answered in pairs:
        yield "user", words(asked)
        yield "assistant", words(answered)


def _listed_turns(value: Any) -> list[Turn]:
    if not isinstance(value, list):
        raise _NoDialogueError("turns", f"not a list but {type(value).__name__}")
    return [_turn(each, index) for index, each in enumerate(value)]


def _turn(value: Any, index: int) -> Turn:
    if not isinstance(value, Mapping):
        return ("assistant" if index % 2 else "user"), words(value)
    speaker, said = words_of(value, _SPEAKER).lower(), words_of(value, _SAID)
    if speaker not in _SPEAKERS:
        raise _NoDialogueError("speaker", f"turn {index + 1} is of '{speaker}'")
    return _SPEAKERS[speaker], said


def _role(turn: Turn) -> Role:
    return turn[0]


def _in_order(turns: Iterable[Turn]) -> list[Turn]:
    joined: list[Turn] = []
    for role, same in groupby(turns, key=_role):
        joined.append((role, "\n".join(text for _, text in same if text)))
    while joined and joined[-1][0] != "assistant":
        joined.pop()
    spoken = [role for role, _ in joined if role != "system"]
    if not spoken or any(not text for role, text in joined if role == "assistant"):
        raise _NoDialogueError("no_answer")
    if spoken[0] != "user" or any(not text for role, text in joined if role == "user"):
        raise _NoDialogueError("no_question")
    return joined
