"""Reading a streamed chat completion from a server that is not trusted to keep to the format."""

import json
import math
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass
from typing import Any

from doctorsun.serve.engine import EngineFailure, TokenLogprob

MAX_EVENT_BYTES = 2**20
"""Room for one event; twenty candidates beside each token need a few kilobytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """How many tokens the server counted."""

    num_prompt_tokens: int
    num_tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """One event of a stream; every part of it can be absent."""

    text: str = ""
    finish: str | None = None
    logprobs: tuple[TokenLogprob, ...] = ()
    usage: Usage | None = None


async def chunks(body: AsyncIterator[bytes]) -> AsyncGenerator[Chunk]:
    """Yield the events of a stream until it says that it is done, or ends.

    Raises:
        EngineFailure: an event reports an error, is too long or cannot be understood.
    """
    async for line in _lines(body):
        field, _, value = line.partition(b":")
        data = value.strip()
        if field != b"data" or not data:  # comments keep connections alive
            continue
        if data == b"[DONE]":
            return
        yield _chunk(data)


async def _lines(body: AsyncIterator[bytes]) -> AsyncGenerator[bytes]:
    unfinished = b""
    async for part in body:
        *whole, unfinished = (unfinished + part).split(b"\n")
        if len(unfinished) > MAX_EVENT_BYTES:
            raise not_understood()
        for line in whole:
            yield line.rstrip(b"\r")
    yield unfinished


def _chunk(data: bytes) -> Chunk:
    try:
        value = json.loads(data)
        if "error" in value:
            raise EngineFailure("the engine gave the answer up", do="send the request again")
        usage = value.get("usage")
        counted = _usage(usage) if usage else None
        if not value["choices"]:
            return Chunk(usage=counted)
        choice = value["choices"][0]
        return Chunk(
            text=_text((choice.get("delta") or {}).get("content") or ""),
            finish=choice.get("finish_reason"),
            logprobs=_logprobs(choice.get("logprobs")),
            usage=counted,
        )
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError) as error:
        raise not_understood() from error


def _usage(value: Any) -> Usage:
    return Usage(num_prompt_tokens=int(value["prompt_tokens"]), num_tokens=int(value["completion_tokens"]))


def _logprobs(value: Any) -> tuple[TokenLogprob, ...]:
    return tuple(_token(each) for each in (value or {}).get("content") or ())


def _token(value: Any) -> TokenLogprob:
    data = value.get("bytes")
    return TokenLogprob(
        text=_text(value["token"]),
        data=bytes(data) if isinstance(data, list) else None,
        logprob=_finite(value["logprob"]),
        top=tuple(_token({**each, "top_logprobs": ()}) for each in value.get("top_logprobs") or ()),
    )


def _text(value: Any) -> str:
    """Take text as text alone; half characters, which JSON can hold, cannot be sent on."""
    if not isinstance(value, str):
        raise TypeError
    return value.encode(errors="replace").decode()


def _finite(value: Any) -> float:
    """Take a number that JSON can hold; what is impossible is told as -9999, as others do."""
    number = float(value)
    return number if math.isfinite(number) else -9999.0


def not_understood() -> EngineFailure:
    """Return the error for what is not in the format; its text says nothing of what was sent."""
    return EngineFailure("the engine's answer cannot be understood", do="send the request again later")
