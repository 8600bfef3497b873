"""Promises S1 to S5 of serving, on a real server with a small network of random weights."""

import asyncio
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from real_server import RealServer, real_server, wait_until

from doctorsun.bench.load_client import Answer, ask_all
from doctorsun.bench.load_questions import load_questions
from small_model import save_small

MAX_OPEN = 128
LONG = 1500
ORDER, AGAIN = st.permutations(range(8)), st.lists(st.integers(0, 7), max_size=8)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    folder = tmp_path_factory.mktemp("promises")
    with real_server(save_small(folder / "small", fit="pad"), folder / "state") as running:
        yield running


@pytest.fixture(scope="module")
def questions() -> list[dict[str, Any]]:
    """Questions with pictures of their own, whose answers have different lengths."""
    lengths = (3, 24, 9, 1, 17, 12, 30, 5)
    return [
        question | {"max_tokens": length}
        for question, length in zip(load_questions(len(lengths), seed=11, max_tokens=1), lengths, strict=True)
    ]


@pytest.fixture(scope="module")
def alone(server: RealServer, questions: list[dict[str, Any]]) -> list[str]:
    """The answers where nobody else asks."""
    answers = asyncio.run(ask_all(server.target, questions, 1))
    assert [answer.error for answer in answers] == [""] * len(questions)
    return [answer.text for answer in answers]


def test_s1_sixteen_streams_have_no_error(
    server: RealServer, questions: list[dict[str, Any]], alone: list[str]
) -> None:
    answers = asyncio.run(ask_all(server.target, questions * 6, 16))
    assert [(answer.error, answer.text) for answer in answers] == [("", text) for text in alone] * 6
    assert server.number("places_taken") == 0


@settings(max_examples=15, deadline=None, derandomize=True)
@given(places=st.tuples(ORDER, AGAIN).map(lambda two: two[0] + two[1]), num_streams=st.integers(2, 16))
def test_s5_an_answer_does_not_depend_on_who_else_asks(
    server: RealServer,
    questions: list[dict[str, Any]],
    alone: list[str],
    places: list[int],
    num_streams: int,
) -> None:
    answers = asyncio.run(ask_all(server.target, [questions[place] for place in places], num_streams))
    assert [answer.text for answer in answers] == [alone[place] for place in places]


async def crowd(server: RealServer) -> tuple[list[httpx.Response], list[Answer]]:
    """Fill all places, ask for more, send all but two away, and let these finish."""
    body = server.body(max_tokens=LONG)
    async with httpx.AsyncClient(base_url=server.url, timeout=60, limits=httpx.Limits(max_connections=None)) as http:

        async def ask() -> httpx.Response:
            return await http.post("/v1/chat/completions", json=body)

        kept = asyncio.create_task(ask_all(server.target, [body] * 2, 2))
        await reaches(server, "running", 2)
        leaving = [asyncio.create_task(ask()) for _ in range(MAX_OPEN - 2)]
        await reaches(server, "places_taken", MAX_OPEN)
        refused = await asyncio.gather(*(ask() for _ in range(20)))
        assert not kept.done(), "the first answers were still being written"
        for each in leaving:
            each.cancel()
        await asyncio.wait(leaving)
        return refused, await kept


async def reaches(server: RealServer, name: str, number: int) -> None:
    while await asyncio.to_thread(server.number, name) < number:
        pass


def test_s2_s3_overload_is_refused_and_who_leaves_makes_room(server: RealServer) -> None:
    (expected,) = asyncio.run(ask_all(server.target, [server.body(max_tokens=LONG)], 1))
    refused, answers = asyncio.run(crowd(server))
    assert {(response.status_code, response.headers["Retry-After"]) for response in refused} == {(429, "1")}
    assert {response.json()["error"]["type"] for response in refused} <= {"RequestError", "Crowded"}
    assert [(answer.error, answer.text) for answer in answers] == [("", expected.text)] * 2
    wait_until(lambda: server.number("places_taken") == 0)
    wait_until(lambda: server.number("running") == 0)
    (after,) = asyncio.run(ask_all(server.target, [server.body(max_tokens=2)], 1))
    assert (after.error, after.num_tokens) == ("", 2)


def test_s3_a_client_that_goes_before_its_answer_begins_frees_its_place(server: RealServer) -> None:
    body = server.body(stream=False, max_tokens=LONG)
    with httpx.Client(base_url=server.url, timeout=0.2) as http, pytest.raises(httpx.ReadTimeout):
        http.post("/v1/chat/completions", json=body)
    wait_until(lambda: server.number("places_taken") == 0)
    wait_until(lambda: server.number("running") == 0)


async def drained(server: RealServer) -> tuple[httpx.Response, httpx.Response, list[Answer]]:
    """Send the signal during three answers; return what the server then says, and the answers."""
    bodies = [server.body(max_tokens=LONG)] * 3
    async with httpx.AsyncClient(base_url=server.url, timeout=60) as http:
        asking = asyncio.create_task(ask_all(server.target, bodies, 3))
        await reaches(server, "running", len(bodies))
        server.process.send_signal(signal.SIGTERM)
        ready = await http.get("/readyz")
        while ready.status_code == 200:
            ready = await http.get("/readyz")
        refused = await http.post("/v1/chat/completions", json=server.body())
        assert not asking.done(), "the answers were still being written"
        return ready, refused, await asking


def test_s4_a_signal_lets_running_answers_finish(tmp_path: Path) -> None:
    with real_server(save_small(tmp_path / "small"), tmp_path / "state") as server:
        ready, refused, answers = asyncio.run(drained(server))
        assert (ready.status_code, ready.json()["status"]) == (503, "stopping")
        assert (refused.status_code, refused.headers["Retry-After"]) == (503, "1")
        assert [(answer.error, answer.num_tokens) for answer in answers] == [("", LONG)] * 3
        assert server.process.wait(60) == 0
