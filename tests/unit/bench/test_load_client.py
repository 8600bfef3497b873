"""The load client against a real server on this machine that answers as it is told."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator

import pytest
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from doctorsun.bench.load_client import Answer, Target, ask_all
from serve_fakes import serving


def chunk(content: str | None = None, finish: str | None = None) -> str:
    delta = {} if content is None else {"content": content}
    return f"data: {json.dumps({'choices': [{'delta': delta, 'finish_reason': finish}]})}\n\n"


USAGE = f"data: {json.dumps({'choices': [], 'usage': {'completion_tokens': 3}})}\n\n"
ANSWERS = {
    "whole": [chunk(""), chunk("左"), chunk("肺"), chunk("。"), chunk(finish="length"), USAGE, "data: [DONE]\n\n"],
    "in one": ["".join([chunk("左"), chunk("肺。"), chunk(finish="stop"), USAGE])],
    "torn": [chunk("左")[:20], chunk("左")[20:] + chunk("肺。", "stop")[:30], chunk("肺。", "stop")[30:] + USAGE],
    "empty": [chunk(finish="stop")],
    "broken off": [chunk("左")],
    "failing": [chunk("左"), 'data: {"error": {"message": "the engine failed"}}\n\n'],
}


class Answering:
    """Answers each request in the manner that its ``messages`` name, and counts those that are open at once."""

    def __init__(self) -> None:
        self.app = FastAPI()
        self.num_open = self.most_open = 0
        self.keys: list[str | None] = []
        self.app.add_api_route("/v1/chat/completions", self.answer, methods=["POST"])

    async def answer(self, http: Request) -> Response:
        manner = (await http.json())["messages"]
        self.keys.append(http.headers.get("Authorization"))
        if manner == "refused":
            return JSONResponse({"error": {}}, 429)
        return StreamingResponse(self.chunks(ANSWERS[manner]), media_type="text/event-stream")

    async def chunks(self, answer: list[str]) -> AsyncIterator[str]:
        self.num_open += 1
        self.most_open = max(self.most_open, self.num_open)
        for each in answer:
            await asyncio.sleep(0)
            yield each
        self.num_open -= 1


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[Answering, str]]:
    answering = Answering()
    with serving(answering.app) as url:
        yield answering, f"{url}/v1"


def ask(url: str, *manners: str, streams: int = 1) -> list[Answer]:
    target = Target(url=url, model="sun", api_key="secret")
    return asyncio.run(ask_all(target, [{"messages": manner} for manner in manners], streams))


@pytest.mark.parametrize("manner", ["whole", "in one", "torn"])
def test_an_answer_is_understood_however_it_is_cut(server: tuple[Answering, str], manner: str) -> None:
    (answer,) = ask(server[1], manner)
    assert (answer.error, answer.text, answer.num_tokens) == ("", "左肺。", 3)
    assert answer.ttft_s is not None
    assert answer.tpot_s is not None
    assert 0 < answer.ttft_s <= answer.total_s
    assert sum(answer.gaps_s) == pytest.approx(answer.tpot_s * 2)


def test_an_answer_without_words_has_no_times(server: tuple[Answering, str]) -> None:
    (answer,) = ask(server[1], "empty")
    assert (answer.error, answer.text, answer.ttft_s, answer.tpot_s, answer.gaps_s) == ("", "", None, None, ())


@pytest.mark.parametrize(
    ("manner", "said"),
    [("refused", "HTTP status 429"), ("broken off", "broke off"), ("failing", "the engine failed")],
)
def test_what_is_no_answer_says_why(server: tuple[Answering, str], manner: str, said: str) -> None:
    (answer,) = ask(server[1], manner)
    assert said in answer.error


def test_a_server_that_is_not_there_is_an_error_of_each_request() -> None:
    answers = ask("http://127.0.0.1:1/v1", "whole", "whole")
    assert [answer.error for answer in answers] == ["ConnectError"] * 2


def test_streams_share_the_requests_and_answers_keep_their_order(server: tuple[Answering, str]) -> None:
    answering, url = server
    answering.most_open = 0
    answers = ask(url, *["whole", "refused", "empty"] * 6, streams=4)
    assert ["429" in answer.error for answer in answers] == [False, True, False] * 6
    assert 1 <= answering.most_open <= 4
    assert set(answering.keys) == {"Bearer secret"}
