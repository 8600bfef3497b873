"""The body of a chat completion request, as far as it is supported; anything else is refused by name."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.config import JsonDict

from doctorsun.errors import RequestError
from doctorsun.serve.openai.complaint import refusal

_MOST_SEED = 2**63
_EACH_ONCE: JsonDict = {"uniqueItems": True}
_TOGETHER: JsonDict = {
    "if": {"properties": {"top_logprobs": {"type": "integer"}}, "required": ["top_logprobs"]},
    "then": {"properties": {"logprobs": {"const": True}}, "required": ["logprobs"]},
}


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


Option = Annotated[str, Field(min_length=1)]


class ChatBody(_Strict):
    """A chat completion request.

    ``temperature`` is 0 where it is not given, unlike OpenAI's 1: a medical answer should be the same each time.
    ``options``, which the API does not have, are answers to choose from; how sure the model is of its choice comes
    with the answer.
    """

    model_config = ConfigDict(json_schema_extra=_TOGETHER)

    model: str
    messages: Annotated[list[ChatMessage], Field(min_length=1)]
    max_tokens: Annotated[int, Field(ge=1)] | None = None
    max_completion_tokens: Annotated[int, Field(ge=1)] | None = None
    temperature: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    top_p: Annotated[float, Field(gt=0, le=1)] = 1.0
    seed: Annotated[int, Field(ge=-_MOST_SEED, lt=_MOST_SEED)] | None = None
    stop: str | Annotated[list[str], Field(max_length=4)] | None = None
    logprobs: bool = False
    top_logprobs: Annotated[int, Field(ge=0, le=20)] | None = None
    options: Annotated[list[Option], Field(min_length=2, max_length=26, json_schema_extra=_EACH_ONCE)] | None = None
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
        RequestError: it is no JSON, or a field is unknown, missing, of the wrong kind or out of range.
    """
    try:
        body = ChatBody.model_validate_json(data)
    except ValidationError as error:
        raise refusal(error, data) from error
    _check_together(body)
    return body


def _check_together(body: ChatBody) -> None:
    """Refuse fields that do not fit each other."""
    if body.top_logprobs is not None and not body.logprobs:
        raise RequestError("top_logprobs", got=str(body.top_logprobs), expected="'logprobs': true beside it")
    if body.options and len(set(body.options)) < len(body.options):
        raise RequestError("options", got="the same one twice", expected="each once", do="correct it")
