"""From a chat request to a question for the engine."""

from collections.abc import Callable

from doctorsun.errors import RequestError
from doctorsun.schema import Message, Part, image_part, text_part
from doctorsun.serve.engine import Question
from doctorsun.serve.openai.body import ChatBody, ChatMessage, ImagePart, TextPart

ReadImage = Callable[[str], bytes]
"""Turns the URL of an image into an encoded picture; it never fetches anything."""


def question_of(body: ChatBody, read_image: ReadImage, max_images: int) -> Question:
    """Decode the images of a request.

    Args:
        body: the parsed request.
        read_image: reads those URLs that are allowed.
        max_images: the most images of a request.

    Raises:
        RequestError: too many images, or one whose URL is not allowed.
        ImageError: an image is too large or cannot be decoded.
    """
    urls = [part.image_url.url for part in _parts(body) if isinstance(part, ImagePart)]
    if len(urls) > max_images:
        raise RequestError("images of a request", got=str(len(urls)), expected=f"at most {max_images}")
    return Question(
        messages=tuple(_message(message) for message in body.messages),
        images=tuple(read_image(url) for url in urls),
        max_tokens=body.limit,
        temperature=body.temperature,
        top_p=body.top_p,
        seed=body.seed,
        stops=body.stops,
        top_logprobs=(body.top_logprobs or 0) if body.logprobs else None,
        options=tuple(body.options or ()),
    )


def _parts(body: ChatBody) -> list[TextPart | ImagePart]:
    return [part for message in body.messages if not isinstance(message.content, str) for part in message.content]


def _message(message: ChatMessage) -> Message:
    if isinstance(message.content, str):
        return Message(role=message.role, content=(text_part(message.content),))
    return Message(role=message.role, content=tuple(_part(part) for part in message.content))


def _part(part: TextPart | ImagePart) -> Part:
    return text_part(part.text) if isinstance(part, TextPart) else image_part()
