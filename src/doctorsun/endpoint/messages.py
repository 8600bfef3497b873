"""Conversations in the shape that the OpenAI chat API takes."""

import base64
from collections.abc import Iterator, Sequence
from typing import Any

from doctorsun.errors import RequestError
from doctorsun.schema import Message

_SIGNATURES = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg"}


def chat_messages(messages: Sequence[Message], images: Sequence[bytes]) -> list[dict[str, Any]]:
    """Return the messages as JSON values, each image as a data URL at its place.

    Args:
        messages: the conversation.
        images: PNG or JPEG bytes, in the order in which the messages show them.

    Raises:
        RequestError: the messages show more or fewer images than given, or an image is neither PNG nor JPEG.
    """
    num_shown = sum(message.num_images for message in messages)
    if num_shown != len(images):
        raise RequestError("images of a conversation", got=str(len(images)), expected=str(num_shown))
    remaining = iter(images)
    return [{"role": message.role, "content": _content(message, remaining)} for message in messages]


def data_url(image: bytes) -> str:
    """Return an image as a ``data:`` URL.

    Raises:
        RequestError: the image is neither PNG nor JPEG.
    """
    media_type = next((kind for start, kind in _SIGNATURES.items() if image.startswith(start)), None)
    if media_type is None:
        raise RequestError("image to send", got=f"bytes that begin {image[:8].hex(' ')}", expected="PNG or JPEG")
    return f"data:{media_type};base64,{base64.b64encode(image).decode('ascii')}"


def _content(message: Message, images: Iterator[bytes]) -> str | list[dict[str, Any]]:
    if not message.num_images:
        return message.text
    return [
        {"type": "text", "text": part.text}
        if part.type == "text"
        else {"type": "image_url", "image_url": {"url": data_url(next(images))}}
        for part in message.content
    ]
