"""The engine that the gateway sees: it takes a question in words and pictures, and gives the answer in pieces."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Literal, Protocol

from doctorsun.errors import DoctorSunError
from doctorsun.schema import Message

Finish = Literal["stop", "length"]


class EngineFailure(DoctorSunError):  # noqa: N818 (what happened, as in the docs)
    """The engine broke or stops; the request can be sent again."""

    code = "engine"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a client asks; every limit but those of the engine itself was checked before.

    Attributes:
        messages: the turns so far; each image part is the place of the next of ``images``.
        images: encoded pictures that the gateway itself wrote as PNG.
        max_tokens: the most new tokens; None leaves it to the engine.
        temperature: 0 takes the likeliest token.
        top_p: draw only from the likeliest tokens that together reach this probability.
        seed: makes the draws repeatable; None draws anew each time.
        stops: the answer ends before the first of these texts.
        top_logprobs: how many of the likeliest tokens are told beside each token of the answer; None tells no
            log-probabilities at all.
        options: answers to choose from, whose likelihoods are wanted.
    """

    messages: tuple[Message, ...]
    images: tuple[bytes, ...] = ()
    max_tokens: int | None = None
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int | None = None
    stops: tuple[str, ...] = ()
    top_logprobs: int | None = None
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenLogprob:
    """How likely a token was.

    Attributes:
        text: the token as text; half a character is shown as the replacement character.
        data: its bytes in UTF-8, where they are known.
        logprob: natural log of its probability under the model itself (temperature 1, all tokens).
        top: the likeliest tokens at its place, the likeliest first.
    """

    text: str
    data: bytes | None
    logprob: float
    top: tuple["TokenLogprob", ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Some text of an answer; the last piece alone has ``finish``.

    Attributes:
        text: whole characters, perhaps none.
        num_tokens: tokens of the answer so far, the stop token not counted.
        num_prompt_tokens: tokens of the question.
        finish: why the answer ended.
        logprobs: of the tokens since the piece before, where the question asks for them.
        option_logprobs: with the first piece, the natural log of the probability of each of the question's options.
    """

    text: str
    num_tokens: int
    num_prompt_tokens: int
    finish: Finish | None = None
    logprobs: tuple[TokenLogprob, ...] = ()
    option_logprobs: tuple[float, ...] = ()


class ChatEngine(Protocol):
    """Answers many questions at once; all of it is used from one event loop."""

    async def start(self) -> None:
        """Get ready; questions come only afterwards."""
        ...

    async def close(self) -> None:
        """Stop; answers that still run end with an `EngineFailure`."""
        ...

    @property
    def is_ready(self) -> bool:
        """Whether a question would be answered now."""
        ...

    @property
    def num_running(self) -> int:
        """Answers that are being written."""
        ...

    @property
    def num_waiting(self) -> int:
        """Questions whose answer was not begun."""
        ...

    @property
    def num_restarts(self) -> int:
        """How often the engine broke and was started again."""
        ...

    @property
    def max_length(self) -> int:
        """The most tokens of question and answer together."""
        ...

    def answer(self, question: Question) -> AsyncGenerator[Piece]:
        """Yield the answer piece by piece; closing the generator withdraws the question within one step.

        Raises:
            RequestError: the question does not fit the model, or a setting is out of range.
            ImageError: a picture cannot be used.
            EngineFailure: the engine broke; the question can be asked again.
        """
        ...
