"""Conversations as they are published: who speaks, where images stand, and which.

Three spellings of one thing: LLaVA and ShareGPT (``conversations`` of ``from`` and ``value``, images as ``<image>`` in
the text), OpenAI (``messages`` of ``role`` and ``content``, the content text or typed parts), and mixtures of both.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from doctorsun.data.readers.item import Dropped
from doctorsun.data.readers.record_reader import RawRecord
from doctorsun.schema import Message, Part, Role, image_part, text_part

IMAGE_MARK = "<image>"
TURNS = ("conversations", "messages", "conversation", "conversatons")  # the last in LLaVA-Med's alignment file
_ROLES: dict[str, Role] = {
    "system": "system",
    "developer": "system",
    "human": "user",
    "user": "user",
    "gpt": "assistant",
    "assistant": "assistant",
    "bot": "assistant",
    "model": "assistant",
}
IMAGES = ("images", "image", "image_path", "img")
_ALL_IMAGES = (*IMAGES, "Figure_path", "img_name")
_PATHS = ("image_url", "url", "path", "image", "image_path")


@dataclass(frozen=True, slots=True)
class ImageRef:
    """An image of a record: its path or address, and its encoded bytes where the record holds them."""

    path: str = ""
    data: bytes | None = None


@dataclass(frozen=True, slots=True)
class Conversation:
    """Turns, and the images that they show, in order."""

    messages: tuple[Message, ...]
    images: tuple[ImageRef, ...] = ()


def read_conversation(raw: RawRecord) -> Conversation | Dropped:
    """Read the conversation of a record.

    Turns of one speaker in a row are joined; what the assistant says before the first question, and a last question
    without an answer, are left out, where they hold no image. Images that no text marks stand before the first
    question.

    Returns:
        The conversation; dropped as ``layout`` (no turns where they should be), ``role`` (a speaker that is none of
        system, user and assistant), ``no_question``, ``no_answer``, ``image_count`` (other numbers of marks and of
        images) or ``encoding`` (characters that no text can hold).
    """
    turns = turns_of(raw.fields)
    if not turns:
        return Dropped(raw.id, "layout", f"{raw.place}: no list of turns in {' or '.join(TURNS)}")
    messages: list[Message] = []
    shown: list[ImageRef | None] = []
    if isinstance(system := raw.fields.get("system"), str) and system.strip():
        messages.append(Message(role="system", content=(text_part(system.strip()),)))
    for turn in turns:
        role = _role(turn)
        if role is None:
            return Dropped(raw.id, "role", f"{raw.place}: {turn!r}"[:200])
        parts = tuple(_parts(turn.get("value", turn.get("content")), shown))
        messages.append(Message(role=role, content=parts))
    listed = image_refs(raw.fields)
    images = (
        listed if any(each is None for each in shown) or not shown else [each for each in shown if each is not None]
    )
    return checked(raw, messages, images)


def turns_of(fields: dict[str, Any]) -> list[Any]:
    """Return the list of turns of a record, or an empty one."""
    return next((fields[name] for name in TURNS if isinstance(fields.get(name), list)), [])


def image_refs(fields: dict[str, Any]) -> list[ImageRef]:
    """Return the images that stand beside the turns: one or a list, paths or ``{"bytes": ..., "path": ...}``."""
    for name in IMAGES:
        value = fields.get(name)
        each = value if isinstance(value, list) else [value]
        if refs := [ref for ref in map(image_ref, each) if ref]:
            return refs
    return []


def shown_refs(fields: dict[str, Any]) -> list[ImageRef]:
    """Return the images that stand within the turns, as typed parts of a path or an address."""
    contents = (turn.get("content") for turn in turns_of(fields) if isinstance(turn, dict))
    pieces = (piece for content in contents if isinstance(content, list) for piece in content)
    return [ref for piece in pieces if isinstance(piece, dict) and (ref := image_ref(piece))]


def all_refs(fields: dict[str, Any]) -> list[ImageRef]:
    """Return all images of a record, beside its turns and within them; those of PMC-VQA and SLAKE, too."""
    listed = (each for name in _ALL_IMAGES for each in _listed(fields.get(name)))
    return [*filter(None, map(image_ref, listed)), *shown_refs(fields)]


def num_listed(fields: dict[str, Any]) -> int:
    """Return how many images the turns show that stand beside them."""
    shown: list[ImageRef | None] = []
    for turn in turns_of(fields):
        if isinstance(turn, dict):
            list(_parts(turn.get("value", turn.get("content")), shown))
    return sum(each is None for each in shown)


def image_ref(value: Any) -> ImageRef | None:
    """Return what an image is: a path, bytes, or both in the fields of the ways to write a reference."""
    if isinstance(value, str):
        return ImageRef(value.strip()) if value.strip() else None
    if isinstance(value, bytes):
        return ImageRef(data=value)
    if not isinstance(value, dict):
        return None
    paths = (found.path for name in _PATHS if (found := image_ref(value.get(name))) and found.path)
    data = value.get("bytes")
    ref = ImageRef(next(paths, ""), data if isinstance(data, bytes) else None)
    return ref if ref.path or ref.data else None


def checked(raw: RawRecord, messages: Sequence[Message], images: Sequence[ImageRef]) -> Conversation | Dropped:
    """Return turns and images as a conversation that can be learned from; dropped as of `read_conversation`."""
    turns = _trimmed(_joined(messages))
    fault = _fault(turns)
    if fault:
        return Dropped(raw.id, fault, raw.place)
    num_marks = sum(turn.num_images for turn in turns)
    if images and not num_marks:
        turns, num_marks = _images_first(turns, len(images)), len(images)
    if num_marks != len(images) or any(turn.num_images for turn in turns if turn.role == "assistant"):
        return Dropped(raw.id, "image_count", f"{raw.place}: {num_marks} marks, {len(images)} images")
    return Conversation(tuple(turns), tuple(images))


def marked_text(text: str) -> Iterator[Part]:
    """Yield a text cut at its image marks; the line ends around a mark belong to it."""
    for number, piece in enumerate(text.strip().split(IMAGE_MARK)):
        if number:
            yield image_part()
        if piece.strip():
            yield text_part(piece.strip("\n"))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _role(turn: Any) -> Role | None:
    return _ROLES.get(str(turn.get("from", turn.get("role"))).lower()) if isinstance(turn, dict) else None


def _parts(content: Any, shown: list[ImageRef | None]) -> Iterator[Part]:
    """Yield the parts of a turn, and note what each of its images is: None where it stands in the record's list."""
    if not isinstance(content, list):
        for part in marked_text(content if isinstance(content, str) else ""):
            if part.type == "image":
                shown.append(None)
            yield part
        return
    for piece in content:
        if isinstance(piece, str) and piece.strip():
            yield text_part(piece.strip())
        elif isinstance(piece, dict) and isinstance(text := piece.get("text"), str):
            if text.strip():
                yield text_part(text.strip())
        elif isinstance(piece, dict) and str(piece.get("type", "image")).startswith(("image", "input_image")):
            shown.append(image_ref(piece))
            yield image_part()


def _joined(messages: Sequence[Message]) -> list[Message]:
    turns: list[Message] = []
    for message in messages:
        if turns and turns[-1].role == message.role:
            between = (text_part("\n"),) if turns[-1].text and message.text else ()
            turns[-1] = replace(turns[-1], content=(*turns[-1].content, *between, *message.content))
        else:
            turns.append(message)
    return turns


def _trimmed(turns: list[Message]) -> list[Message]:
    first = next((place for place, turn in enumerate(turns) if turn.role == "user"), 0)
    turns = [turn for place, turn in enumerate(turns) if place >= first or turn.role != "assistant" or turn.num_images]
    if len(turns) > 1 and turns[-1].role == "user" and not turns[-1].num_images:
        turns = turns[:-1]
    return turns


def _fault(turns: Sequence[Message]) -> str:
    if not turns or turns[-1].role != "assistant":
        return "no_answer"
    for turn in turns:
        if not turn.text.strip() and not (turn.role == "user" and turn.num_images):
            return {"user": "no_question", "assistant": "no_answer", "system": "layout"}[turn.role]
        if not _is_text(turn.text):
            return "encoding"
    return "" if turns[0].role == "user" or len(turns) == 1 or turns[1].role == "user" else "no_question"


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:  # half of a pair, from an escape such as \ud83d alone
        return False
    return True


def _images_first(turns: Sequence[Message], number: int) -> list[Message]:
    first = next((place for place, turn in enumerate(turns) if turn.role == "user"), None)
    if first is None:
        return list(turns)
    opened = replace(turns[first], content=(*(image_part(),) * number, *turns[first].content))
    return [*turns[:first], opened, *turns[first + 1 :]]
