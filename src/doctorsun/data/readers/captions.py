"""Captions: an image and a text about it, without a question; the question is ours, always the same."""

from collections.abc import Sequence

from doctorsun.data.readers.conversation import Conversation, ImageRef, checked
from doctorsun.data.readers.item import Dropped
from doctorsun.data.readers.record_reader import RawRecord
from doctorsun.schema import Message, text_part
from doctorsun.text.language import has_han

_QUESTIONS = ("Describe the image.", "请描述这张图像。")


def caption_conversation(raw: RawRecord, text: str, images: Sequence[ImageRef]) -> Conversation | Dropped:
    """Return a text as the answer to "Describe the image."; a text without images is a document."""
    answer = Message(role="assistant", content=(text_part(text),))
    question = Message(role="user", content=(text_part(_QUESTIONS[has_han(text)]),))
    return checked(raw, (question, answer) if images else (answer,), images)


def question_conversation(
    raw: RawRecord, question: str, answer: str, images: Sequence[ImageRef]
) -> Conversation | Dropped:
    """Return one question with its answer; the images stand before the question."""
    turns = (
        Message(role="user", content=(text_part(question),)),
        Message(role="assistant", content=(text_part(answer),)),
    )
    return checked(raw, turns, images)
