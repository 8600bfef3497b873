"""Readers of plain conversation files: LLaVA, ShareGPT and OpenAI messages in one, and alpaca.

LLaVA: https://github.com/haotian-liu/LLaVA, docs/Finetune_Custom_Data.md; ShareGPT and alpaca: LLaMA-Factory,
data/README.md; messages: the OpenAI chat format.
"""

from doctorsun.config.collection import ImportSource
from doctorsun.data.readers.conversation import TURNS, checked, image_refs, marked_text, read_conversation
from doctorsun.data.readers.item import Dropped
from doctorsun.data.readers.layout import any_of
from doctorsun.data.readers.origin import Turn, origin_of
from doctorsun.data.readers.published import Published, PublishedReader, finder_of, folder_of, text_of
from doctorsun.data.readers.record_files import JSON_SUFFIXES
from doctorsun.data.readers.record_reader import RawRecord
from doctorsun.data.readers.source_files import source_files
from doctorsun.schema import Message


def open_llava(section: ImportSource) -> PublishedReader:
    """Open JSON or JSON Lines files of conversations, with images or without.

    Raises:
        DataError: there is no file.
    """
    return _open(section, "llava", TURNS)


def open_alpaca(section: ImportSource) -> PublishedReader:
    """Open JSON or JSON Lines files of instructions.

    Raises:
        DataError: there is no file.
    """
    return _open(section, "alpaca", ("instruction",))


def read_llava(raw: RawRecord) -> Published | Dropped:
    """Read a record of turns."""
    conversation = read_conversation(raw)
    if isinstance(conversation, Dropped):
        return conversation
    return Published(conversation=conversation, original_id=text_of(raw.fields.get("id")))


def read_alpaca(raw: RawRecord) -> Published | Dropped:
    """Read a record of ``instruction``, ``input``, ``output``, and where it has them ``system``, ``history``, images.

    The history is a list of pairs: what was asked before, and what was answered. Images stand at ``<image>``.
    """
    fields = raw.fields
    turns: list[Turn] = [("system", text_of(fields.get("system")))]
    history = fields.get("history") or []
    for asked in history if isinstance(history, list) else []:
        if not isinstance(asked, list) or len(asked) != 2:  # noqa: PLR2004 (a question and its answer)
            return Dropped(raw.id, "layout", f"{raw.place}: history holds {asked!r}"[:200])
        turns.extend(_pair(text_of(asked[0]), text_of(asked[1])))
    question = "\n".join(part for part in map(text_of, (fields.get("instruction"), fields.get("input"))) if part)
    turns.extend(_pair(question, text_of(fields.get("output"))))
    messages = [
        Message(role=role, content=tuple(marked_text(text))) for role, text in turns if text or role != "system"
    ]
    conversation = checked(raw, messages, image_refs(fields))
    if isinstance(conversation, Dropped):
        return conversation
    return Published(conversation=conversation, original_id=text_of(fields.get("id")))


def _pair(question: str, answer: str) -> tuple[Turn, Turn]:
    return ("user", question), ("assistant", answer)


def _open(section: ImportSource, name: str, columns: tuple[str, ...]) -> PublishedReader:
    return PublishedReader(
        files=source_files(section.path, JSON_SUFFIXES),
        origin=origin_of(section, name),
        read_record=read_alpaca if name == "alpaca" else read_llava,
        finder=finder_of(section, folder_of(section)),
        layout=any_of(*columns),
    )
