"""The body of a chat completion request, as far as it is supported; anything else is refused by name."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from doctorsun.serve.openai.complaint import refusal


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class TextPart(_Strict):
    """Words."""

    type: Literal["text"]
    text: str


class ImageUrl(_Strict):
    """Where an image is; ``detail`` is accepted and means nothing here, images have one size."""

    url: str
    detail: Literal["auto", "low", "high"] = "auto"


class ImagePart(_Strict):
    """An image."""

    type: Literal["image_url"]
    image_url: ImageUrl


class ChatMessage(_Strict):
    """One turn."""

    role: Literal["system", "user", "assistant"]
    content: str | list[Annotated[TextPart | ImagePart, Field(discriminator="type")]]


class StreamOptions(_Strict):
    """What a stream says besides the answer."""

    include_usage: bool = False


class ChatBody(_Strict):
    """A chat completion request.

    ``temperature`` is 0 where it is not given, unlike OpenAI's 1: a medical answer should be the same each time.
    """

    model: str
    messages: Annotated[list[ChatMessage], Field(min_length=1)]
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int | None = None
    stop: str | Annotated[list[str], Field(max_length=4)] | None = None
    stream: bool = False
    stream_options: StreamOptions | None = None
    n: Literal[1] = 1
    user: str | None = None

    @property
    def stops(self) -> tuple[str, ...]:
        """The texts that end the answer."""
        stops = [self.stop] if isinstance(self.stop, str) else self.stop or []
        return tuple(stop for stop in stops if stop)

    @property
    def limit(self) -> int | None:
        """The most new tokens, under either of the API's two names for it."""
        return self.max_completion_tokens if self.max_completion_tokens is not None else self.max_tokens


def read_body(data: bytes) -> ChatBody:
    """Parse a request body.

    Raises:
        RequestError: it is no JSON, or a field is unknown, missing or of the wrong kind.
    """
    try:
        return ChatBody.model_validate_json(data)
    except ValidationError as error:
        raise refusal(error, data) from error
