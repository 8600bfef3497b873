import socket
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from urllib.parse import urlsplit

import httpx
import numpy as np
import pytest

from chat_requests import body, with_image
from doctorsun.image.raster import encode_png
from doctorsun.processor.processor import Processor
from doctorsun.serve.app import create_app
from doctorsun.serve.settings import ServeSettings
from serve_fakes import ScriptedEngine, ThreadedChat, serving

CHAT = "/v1/chat/completions"
LIMIT = 30_000


@pytest.fixture
def engine(processor: Processor) -> ScriptedEngine:
    engine = ScriptedEngine((5, 6), end_id=processor.stop_ids[0])
    engine.max_length = 10**9
    return engine


@pytest.fixture
def url(engine: ScriptedEngine, processor: Processor, settings: ServeSettings) -> Iterator[str]:
    """A server that takes bodies of 20,000 bytes, and holds 30,000 of all."""
    settings = replace(settings, max_held_bytes=LIMIT, max_open=8)
    with serving(create_app(ThreadedChat(engine, processor), settings)) as url:
        yield url


@contextmanager
def slow_client(url: str, num_bytes: int) -> Generator[socket.socket]:
    """Send the beginning of a question and nothing more."""
    parts = urlsplit(url)
    lines = (f"POST {CHAT} HTTP/1.1", "Host: localhost", "Content-Type: application/json", "Content-Length: 20000")
    head = "\r\n".join((*lines, "", ""))
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=30) as connection:
        connection.sendall(head.encode() + b" " * num_bytes)
        yield connection


def held_bytes(url: str) -> float:
    lines = httpx.get(f"{url}/metrics").text.splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith("doctorsun_held_bytes "))


def until_held(url: str, num_bytes: int) -> None:
    while held_bytes(url) != num_bytes:
        pass


def test_slow_clients_together_fill_no_more_than_the_limit(url: str) -> None:
    with ExitStack() as clients:
        for number in (1, 2):
            clients.enter_context(slow_client(url, 15_000))
            until_held(url, number * 15_000)
        refused = httpx.post(f"{url}{CHAT}", json=body())
        assert (refused.status_code, refused.headers["Retry-After"]) == (429, "1")
        expected = "request: got more than the server can hold at once, expected a free place; send it again later"
        assert refused.json()["error"]["message"] == expected
        with slow_client(url, 1) as late:
            assert late.recv(65536).startswith(b"HTTP/1.1 429 ")
        assert held_bytes(url) == LIMIT
    until_held(url, 0)
    assert httpx.post(f"{url}{CHAT}", json=body()).status_code == 200


def test_pictures_count_until_they_are_answered(url: str, engine: ScriptedEngine) -> None:
    engine.end_id = None
    picture = encode_png(np.random.default_rng(0).integers(0, 256, (80, 100), np.uint8))
    asked = body(messages=with_image(picture), stream=True, max_tokens=10**8)
    with httpx.stream("POST", f"{url}{CHAT}", json=asked, timeout=30) as answer:
        lines = answer.iter_lines()
        next(lines)
        assert 8000 < held_bytes(url) < 9000
    until_held(url, 0)
