"""The answer to one conversation, token by token with nothing beside it: what others have to be equal to."""

from collections.abc import Sequence

from doctorsun.generate.engine import Engine
from doctorsun.generate.request import Request
from doctorsun.processor.processor import Processor
from doctorsun.schema import Message


def answer_alone(
    engine: Engine, processor: Processor, messages: Sequence[Message], images: Sequence[bytes], max_tokens: int
) -> str:
    """Return the greedy answer as text."""
    request = Request(
        prompt_ids=tuple(processor.prompt(messages)),
        pixels=tuple(processor.pixels(image) for image in images),
        max_tokens=max_tokens,
        stop_ids=processor.stop_ids,
    )
    return processor.decode([token.id for token in engine.generate([request]) if token.finish != "stop"])
