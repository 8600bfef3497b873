"""Reader of preferences: what was asked, the reply that was chosen, and those that were rejected.

What was asked stands in one column (``prompt``, ``question``, ``instruction`` with ``input``), or in a list of turns;
the replies are texts, turns, or whole conversations. So are the files of TRL (docs/source/dataset_formats.md), of
LLaMA-Factory (data/README.md, preference data sets, in both of its layouts), of ms-swift (``messages`` with a
``rejected_response``), and of shareAI/DPO-zh-en-emoji, where the Chinese answer is the chosen one.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from doctorsun.config.collection import ImportSource
from doctorsun.data.readers.conversation import TURNS, Conversation, read_conversation, turns_of
from doctorsun.data.readers.fields import QUESTION, find, words_of
from doctorsun.data.readers.item import Dropped
from doctorsun.data.readers.layout import Layout
from doctorsun.data.readers.origin import origin_of
from doctorsun.data.readers.published import Published, PublishedReader, finder_of, folder_of, text_of
from doctorsun.data.readers.record_files import JSON_SUFFIXES
from doctorsun.data.readers.record_reader import RawRecord
from doctorsun.data.readers.source_files import source_files
from doctorsun.data.readers.tables import SUFFIXES

_CHOSEN = ("chosen", "chosen_response", "answer_zh")
_REJECTED = ("rejected", "rejected_response", "rejected_messages", "answer_en")
_ASKED = (*QUESTION, "instruction")
_PREFERENCE = Layout(((_CHOSEN, _REJECTED), (TURNS, _REJECTED)))


def open_preference(section: ImportSource) -> PublishedReader:
    """Open JSON files or tables of preferences.

    Raises:
        DataError: there is no file.
    """
    return PublishedReader(
        files=source_files(section.path, tuple(dict.fromkeys((*JSON_SUFFIXES, *SUFFIXES)))),
        origin=origin_of(section, "preference"),
        read_record=read_preference,
        finder=finder_of(section, folder_of(section)),
        layout=_PREFERENCE,
    )


def read_preference(raw: RawRecord) -> Published | Dropped:
    """Read a record; each rejected reply must answer what the chosen one answers.

    Returns:
        The conversation with its chosen and rejected replies; dropped for the reasons of `read_conversation`, or as
        ``rejected``: there is none, it is the chosen one, or it answers something else.
    """
    asked, chosen = _chosen(raw.fields)
    conversation = read_conversation(_with_reply(raw, asked, chosen))
    if isinstance(conversation, Dropped):
        return conversation
    rejected: list[str] = []
    for before, reply in _rejected(raw.fields):
        other = read_conversation(_with_reply(raw, before or asked, reply))
        if isinstance(other, Dropped):
            return other
        if other.messages[:-1] != conversation.messages[:-1]:
            return Dropped(raw.id, "rejected", f"{raw.place}: a rejected reply to another question")
        rejected.append(other.messages[-1].text)
    return _published(raw, conversation, rejected)


def _published(raw: RawRecord, conversation: Conversation, rejected: Sequence[str]) -> Published | Dropped:
    others = tuple(dict.fromkeys(text for text in rejected if text != conversation.messages[-1].text))
    if not others:
        got = "the chosen reply as the rejected one" if rejected else "no rejected reply"
        return Dropped(raw.id, "rejected", f"{raw.place}: {got}")
    return Published(conversation=conversation, original_id=text_of(raw.fields.get("id")), rejected=others)


def _chosen(fields: dict[str, Any]) -> tuple[list[Any], Any]:
    """Return the turns before the chosen reply, and that reply."""
    asked = _asked(fields)
    name = find(fields, _CHOSEN)
    if name is None:
        return asked[:-1], asked[-1] if asked else ""
    before, reply = next(_replies(fields[name]), ([], ""))
    return before or asked, reply


def _rejected(fields: dict[str, Any]) -> Iterator[tuple[list[Any], Any]]:
    name = find(fields, _REJECTED)
    return (each for each in _replies(None if name is None else fields[name]) if _said(each[1]))


def _asked(fields: dict[str, Any]) -> list[Any]:
    """Return what was said before the replies, as turns."""
    if turns := turns_of(fields):
        return turns
    name = find(fields, _ASKED)
    if name is not None and isinstance(fields[name], list):
        return fields[name]
    question = "\n".join(part for part in (words_of(fields, _ASKED), text_of(fields.get("input"))) if part)
    history = fields.get("history") or []
    pairs = [pair for pair in history if isinstance(pair, list) and len(pair) == 2] if isinstance(history, list) else []  # noqa: PLR2004 (a question and its answer)
    said = [(role, text_of(text)) for pair in pairs for role, text in zip(("user", "assistant"), pair, strict=True)]
    return [{"role": role, "content": text} for role, text in (*said, ("user", question))]


def _replies(value: Any) -> Iterator[tuple[list[Any], Any]]:
    """Yield replies, each with the turns before it: of a text, a turn, a conversation, or a list of texts."""
    if isinstance(value, list) and value and all(isinstance(each, Mapping) for each in value):
        yield value[:-1], value[-1]
    elif isinstance(value, list):
        yield from (([], each) for each in value)
    elif value is not None:
        yield [], value


def _said(reply: Any) -> str:
    return text_of(reply.get("value", reply.get("content")) if isinstance(reply, Mapping) else reply)


def _with_reply(raw: RawRecord, asked: Sequence[Any], reply: Any) -> RawRecord:
    """Return a record as a conversation that ends with one of its replies."""
    turn = reply if isinstance(reply, Mapping) else {"role": "assistant", "content": text_of(reply)}
    others = {name: value for name, value in raw.fields.items() if name not in TURNS}
    return replace(raw, fields=others | {"messages": [*asked, turn]})
