"""The shapes of what the server sends, for its OpenAPI description; answers are written as plain values."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict


class _Exact(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ErrorDetail(_Exact):
    """Why a request was refused: what, got, expected, do."""

    message: str
    type: str
    code: str
    param: None


class ErrorBody(_Exact):
    """A refusal."""

    error: ErrorDetail


class Health(_Exact):
    """How the server is."""

    status: Literal["ok", "ready", "stopping", "engine down"]


class Token(_Exact):
    """A token and how likely it was."""

    token: str
    logprob: float
    bytes: list[int] | None


class ChosenToken(Token):
    """A token of the answer, and the likeliest ones in its place."""

    top_logprobs: list[Token]


class Logprobs(_Exact):
    """How likely the tokens of an answer were."""

    content: list[ChosenToken]
    refusal: None


class FoundObject(_Exact):
    """A box of an answer in pixels of an image of the question."""

    label: str
    box_px: tuple[float, float, float, float]
    image: int


class ConfidenceValue(_Exact):
    """How sure the model is of its choice between the options."""

    option: str | None
    probability: float | None
    abstained: bool
    withheld: Literal["unsure", "no_threshold", "other_words", "not_told"] | None
    calibrated: bool


class Said(_Exact):
    """The words of an answer."""

    role: Literal["assistant"]
    content: str
    objects: list[FoundObject] = []
    confidence: ConfidenceValue | None = None


class Choice(_Exact):
    """The answer."""

    index: Literal[0]
    message: Said
    finish_reason: Literal["stop", "length"]
    logprobs: Logprobs | None


class Usage(_Exact):
    """How many tokens question and answer have."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class ChatCompletion(_Exact):
    """A whole answer; a stream sends its parts as ``chat.completion.chunk``."""

    id: str
    object: Literal["chat.completion"]
    created: int
    model: str
    system_fingerprint: str
    research_use_only: Literal[True]
    choices: list[Choice]
    usage: Usage


class Abstention(_Exact):
    """Below which probability choices are withheld, by kind of question; null withholds all."""

    target_risk: float
    thresholds: dict[str, float | None]


class ModelCard(_Exact):
    """The model that answers."""

    id: str
    object: Literal["model"]
    created: int
    owned_by: str
    revision: str
    max_model_len: int
    engine: Literal["local", "remote", "vllm"]
    abstention: Abstention | None
    image_size: int | None = None
    image_fit: Literal["crop", "pad"] | None = None
    research_use_only: Literal[True]


class ModelList(_Exact):
    """The models that can be asked: one."""

    object: Literal["list"]
    data: list[ModelCard]


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the description of refusals with these statuses."""
    says = {
        400: "The request is wrong, or an image cannot be used.",
        401: "No valid key.",
        404: "There is no such model, or no such study of this key (any more).",
        408: "The body came too slowly.",
        413: "The body is too long.",
        415: "The body is not declared as what it must be.",
        429: "Too many at once; Retry-After tells when to try again.",
        503: "The engine is down or the server stops; Retry-After tells when to try again.",
        507: "There is no room for more studies.",
    }
    return {status: {"model": ErrorBody, "description": says[status]} for status in statuses}
