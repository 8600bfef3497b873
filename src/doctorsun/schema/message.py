"""One turn of a conversation, in the content-part shape of the OpenAI API."""

from dataclasses import dataclass
from typing import Literal

Role = Literal["system", "user", "assistant"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A piece of a message: text, or the place of the sample's next image."""

    type: Literal["text", "image"]
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One turn: who speaks, and the parts in order."""

    role: Role
    content: tuple[Part, ...]

    @property
    def text(self) -> str:
        """The turn's words without its images."""
        return "".join(part.text for part in self.content if part.type == "text")

    @property
    def num_images(self) -> int:
        """How many images this turn shows."""
        return sum(part.type == "image" for part in self.content)


def text_part(text: str) -> Part:
    """Make a text part."""
    return Part(type="text", text=text)


def image_part() -> Part:
    """Make the place of the next image."""
    return Part(type="image")
