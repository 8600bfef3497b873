"""What the tokenizer of the weights knows of a question that another server will answer."""

from collections.abc import Sequence
from dataclasses import replace

from doctorsun.processor.control_tokens import MARK
from doctorsun.processor.processor import Processor
from doctorsun.schema import Message

_ZERO_WIDTH_SPACE = "\u200b"


class RemotePrompts:
    """Counts the tokens of questions, and keeps control tokens in their words from being obeyed.

    Args:
        processor: of the weights that the other server has.
    """

    def __init__(self, processor: Processor) -> None:
        self._processor = processor

    def count(self, messages: Sequence[Message]) -> int:
        """Return how many tokens the question has."""
        return len(self._processor.prompt(messages))

    def as_words(self, messages: Sequence[Message]) -> tuple[Message, ...]:
        """Return messages whose control tokens are broken by a space without width: other servers obey whole ones."""
        marked = self._processor.control_tokens.as_words(messages)
        return tuple(
            replace(message, content=tuple(replace(part, text=_broken(part.text)) for part in message.content))
            for message in marked
        )


def _broken(text: str) -> str:
    return text.replace(MARK, _ZERO_WIDTH_SPACE)
