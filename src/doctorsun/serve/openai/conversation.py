"""From a chat request to a request to the engine."""

from doctorsun.errors import RequestError, WeightsError
from doctorsun.generate.request import Request
from doctorsun.processor.processor import Processor
from doctorsun.schema import Message, Part, image_part, text_part
from doctorsun.serve.images import image_from_url
from doctorsun.serve.openai.body import ChatBody, ChatMessage, ImagePart, TextPart
from doctorsun.serve.settings import ServeSettings


def engine_request(body: ChatBody, processor: Processor, settings: ServeSettings, max_length: int) -> Request:
    """Decode the images and write the prompt.

    Args:
        body: the parsed request.
        processor: of the weights that answer.
        settings: limits, and the tokens that an answer gets where the client does not say.
        max_length: the most tokens of prompt and answer together.

    Raises:
        RequestError: too many images, an image that is not a data URL, turns that the weights' chat template refuses,
            or a setting out of range.
        ImageError: an image is too large or cannot be decoded.
    """
    urls = [part.image_url.url for part in _parts(body) if isinstance(part, ImagePart)]
    if len(urls) > settings.max_images:
        raise RequestError("images of a request", got=str(len(urls)), expected=f"at most {settings.max_images}")
    images = [image_from_url(url, settings.max_image_pixels) for url in urls]
    prompt_ids = _prompt_ids(body, processor)
    room = max(1, max_length - len(prompt_ids))
    return Request(
        prompt_ids=prompt_ids,
        pixels=tuple(processor.pixels(image) for image in images),
        max_tokens=min(settings.default_max_tokens, room) if body.limit is None else body.limit,
        temperature=body.temperature,
        top_p=body.top_p,
        seed=body.seed,
        stop_ids=processor.stop_ids,
    )


def _prompt_ids(body: ChatBody, processor: Processor) -> tuple[int, ...]:
    try:
        return tuple(processor.prompt([_message(message) for message in body.messages]))
    except WeightsError as error:
        raise RequestError("messages", got=error.text()) from error


def _parts(body: ChatBody) -> list[TextPart | ImagePart]:
    return [part for message in body.messages if not isinstance(message.content, str) for part in message.content]


def _message(message: ChatMessage) -> Message:
    if isinstance(message.content, str):
        return Message(role=message.role, content=(text_part(message.content),))
    return Message(role=message.role, content=tuple(_part(part) for part in message.content))


def _part(part: TextPart | ImagePart) -> Part:
    return text_part(part.text) if isinstance(part, TextPart) else image_part()
