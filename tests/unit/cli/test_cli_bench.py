"""'bench serve' against a server that answers every request with the same words."""

import json
from collections.abc import AsyncIterator, Iterator

import pytest
from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from typer.testing import CliRunner

from doctorsun.cli.main import app
from doctorsun.cli.session import Session
from doctorsun.errors import RecipeError
from serve_fakes import serving

WORDS = {"choices": [{"delta": {"content": "左肺"}, "finish_reason": "stop"}], "usage": {"completion_tokens": 2}}


async def models() -> dict[str, list[dict[str, str]]]:
    return {"data": [{"id": "sun"}]}


async def words() -> AsyncIterator[str]:
    yield f"data: {json.dumps(WORDS)}\n\n"


async def answer() -> StreamingResponse:
    return StreamingResponse(words(), media_type="text/event-stream")


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    api = FastAPI()
    api.add_api_route("/v1/models", models)
    api.add_api_route("/v1/chat/completions", answer, methods=["POST"])
    with serving(api) as address:
        yield f"{address}/v1"


def bench(*arguments: str) -> str:
    sizes = ["--streams", "2", "--requests", "3", "--passes", "2"]
    done = CliRunner().invoke(app, ["--lang", "zh", "bench", "serve", *arguments, *sizes], obj=Session("zh"))
    if done.exception:
        raise done.exception
    return done.output


def test_the_table_speaks_the_language_of_the_session(url: str) -> None:
    output = bench(url)
    assert "请求数" in output
    assert "词元/秒" in output


def test_json_holds_what_was_measured(url: str) -> None:
    (row,) = json.loads(bench(url, "--json"))["servers"]
    assert (row["server"], row["streams"], row["requests"], row["errors"]) == (url, 2, 6, 0)
    assert (row["goodput"], row["met"]) == (1.0, True)


def test_times_outside_the_limits_are_not_in_time(url: str) -> None:
    (row,) = json.loads(bench(url, "--json", "--in-time", "0", "0"))["servers"]
    assert (row["goodput"], row["met"]) == (0.0, False)


def test_a_peer_needs_weights(url: str) -> None:
    with pytest.raises(RecipeError, match="--peer: got a URL, expected weights"):
        bench(url, "--peer")
