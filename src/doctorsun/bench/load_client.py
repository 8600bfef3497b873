"""Load on a server of the OpenAI chat API: streams that each ask the next question as soon as they have an answer."""

import asyncio
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import httpx


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The server that is asked.

    Attributes:
        url: up to and including ``/v1``.
        model: the model's name there.
        timeout_s: the longest silence of the server.
    """

    url: str
    model: str
    api_key: str | None = None
    timeout_s: float = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What one request brought.

    Attributes:
        text: the words that came.
        num_tokens: as the server counts them.
        ttft_s: from sending to the first words, None where none came.
        tpot_s: from the first words to the last, per token after the first; None for answers of fewer than two tokens.
        gaps_s: between the arrivals of words.
        total_s: from sending to the end.
        error: why it is no answer; empty for an answer.
    """

    text: str = ""
    num_tokens: int = 0
    ttft_s: float | None = None
    tpot_s: float | None = None
    gaps_s: tuple[float, ...] = ()
    total_s: float = 0.0
    error: str = ""


@dataclass(slots=True)
class _Heard:
    """A response as it came; it is understood later, so that the client takes little of the machine it measures."""

    started: float
    chunks: list[tuple[float, bytes]] = field(default_factory=list[tuple[float, bytes]])
    error: str = ""


async def ask_all(target: Target, bodies: Sequence[Mapping[str, Any]], num_streams: int) -> list[Answer]:
    """Send requests over so many streams and return the answers in the order of the requests.

    Args:
        target: the server.
        bodies: fields of each request beside ``model`` and those of streaming.
        num_streams: requests that are open at any time.
    """
    headers = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
    if target.api_key:
        headers["Authorization"] = f"Bearer {target.api_key}"
    common = {"model": target.model, "stream": True, "stream_options": {"include_usage": True}}
    waiting = iter([(place, json.dumps({**common, **body}).encode()) for place, body in enumerate(bodies)])
    heard: dict[int, _Heard] = {}
    limits = httpx.Limits(max_connections=num_streams, max_keepalive_connections=num_streams)
    async with httpx.AsyncClient(headers=headers, timeout=target.timeout_s, limits=limits) as http:

        async def stream() -> None:
            # All streams draw from the same requests.
            for place, content in waiting:
                heard[place] = await _ask(http, f"{target.url}/chat/completions", content)

        await asyncio.gather(*(stream() for _ in range(num_streams)))
    return [_understood(heard[place]) for place in range(len(bodies))]


async def _ask(http: httpx.AsyncClient, url: str, content: bytes) -> _Heard:
    heard = _Heard(time.perf_counter())
    try:
        async with http.stream("POST", url, content=content) as response:
            async for chunk in response.aiter_raw():
                heard.chunks.append((time.perf_counter(), chunk))
            if not response.is_success:
                heard.error = f"HTTP status {response.status_code}"
    except httpx.HTTPError as error:
        heard.error = type(error).__name__
    return heard


def _understood(heard: _Heard) -> Answer:
    """Read the events of a response."""
    if heard.error:
        return Answer(error=heard.error)
    words: list[tuple[float, str]] = []
    num_tokens, is_whole = 0, False
    for at, event in _events(heard.chunks):
        if "error" in event:
            return Answer(error=f"an error on the way: {event['error']}")
        num_tokens = (event.get("usage") or {}).get("completion_tokens", num_tokens)
        for choice in event.get("choices", ()):
            is_whole = is_whole or choice.get("finish_reason") is not None
            if text := choice.get("delta", {}).get("content"):
                words.append((at, text))
    if not is_whole:
        return Answer(error="the answer broke off")
    return _timed(heard, words, num_tokens)


def _timed(heard: _Heard, words: Sequence[tuple[float, str]], num_tokens: int) -> Answer:
    times = [at for at, _ in words]
    return Answer(
        text="".join(text for _, text in words),
        num_tokens=num_tokens,
        ttft_s=times[0] - heard.started if times else None,
        tpot_s=(times[-1] - times[0]) / (num_tokens - 1) if times and num_tokens > 1 else None,
        gaps_s=tuple(later - earlier for earlier, later in pairwise(times)),
        total_s=heard.chunks[-1][0] - heard.started,
    )


def _events(chunks: Sequence[tuple[float, bytes]]) -> Iterator[tuple[float, dict[str, Any]]]:
    """Yield the JSON values of server-sent events, each with the time at which its end came."""
    rest = b""
    for at, chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n\n")
        for event in whole:
            data = event.removeprefix(b"data: ")
            if data != b"[DONE]":
                yield at, json.loads(data)
