"""Ten minutes of all that clients do to a server: its memory and its file handles stay as they are."""

import asyncio
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest
from real_server import RealServer, real_server

from doctorsun.bench.load_client import ask_all
from doctorsun.bench.load_questions import load_questions
from small_model import save_small

SOAK_S = 600.0
WARM_UP_S = 120.0
"""Until all threads, decoding processes and buffers are there."""
MAX_GROWTH = 0.05


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RealServer]:
    with real_server(save_small(tmp_path / "small", fit="pad"), tmp_path / "state") as running:
        yield running


async def one_round(server: RealServer, number: int) -> None:
    """Answers with new pictures, refusals, and clients that leave early."""
    questions = load_questions(16, seed=number, max_tokens=16)
    answers = await ask_all(server.target, questions, 8)
    assert [answer.error for answer in answers] == [""] * len(questions)
    async with httpx.AsyncClient(base_url=server.url, timeout=60) as http:
        wrong = await http.post("/v1/chat/completions", json=server.body(max_tokens=-1))
        assert wrong.status_code == 400
        for _ in range(4):
            body = server.body(stream=True, max_tokens=1000)
            async with http.stream("POST", "/v1/chat/completions", json=body) as response:
                await anext(response.aiter_lines())


def memory_and_handles(server: RealServer) -> tuple[int, int]:
    """Count the bytes and the open files of the server and the processes below it."""
    parent = psutil.Process(server.process.pid)
    everyone = [parent, *parent.children(recursive=True)]
    return sum(each.memory_info().rss for each in everyone), sum(each.num_fds() for each in everyone)


@pytest.mark.slow
def test_memory_and_file_handles_stay_flat(server: RealServer) -> None:
    started, number = time.monotonic(), 0
    seen: list[tuple[float, int, int]] = []
    while (now := time.monotonic() - started) < SOAK_S:
        asyncio.run(one_round(server, number))
        number += 1
        if now >= WARM_UP_S:
            seen.append((now, *memory_and_handles(server)))
    times, memory, handles = zip(*seen, strict=True)
    slope = statistics.linear_regression(times, memory).slope
    assert slope * (SOAK_S - WARM_UP_S) <= MAX_GROWTH * memory[0], [round(each / 2**20) for each in memory]
    assert statistics.median(handles[-10:]) <= statistics.median(handles[:10]), handles
