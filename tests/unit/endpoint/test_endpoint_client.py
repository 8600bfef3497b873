import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from doctorsun.endpoint.client import Endpoint, EndpointClient
from doctorsun.errors import RequestError
from doctorsun.schema import Message, text_part

QUESTION = (Message(role="user", content=(text_part("Is there a nodule?"),)),)
ANSWER = {"choices": [{"message": {"content": "No."}, "finish_reason": "stop"}], "usage": {"completion_tokens": 3}}


class ScriptedServer(httpx.MockTransport):
    """Answers request after request from a list, and keeps what it was asked."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.asked: list[httpx.Request] = []
        self._answers: Iterator[httpx.Response | Exception] = iter(answers)
        super().__init__(self._next)

    def _next(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        answer = next(self._answers)
        if isinstance(answer, Exception):
            raise answer
        return answer


class BrokenStream(httpx.SyncByteStream):
    """A body that ends in the middle."""

    def __iter__(self) -> Iterator[bytes]:
        yield b'data: {"choices": [{"delta": {"content": "No"}}]}\n\n'
        raise httpx.ReadError("connection reset")


def client_of(server: ScriptedServer, waits: list[float] | None = None, **settings: Any) -> EndpointClient:
    settings = {"max_attempts": 3, **settings}
    endpoint = Endpoint(url="http://server/v1/", model="sun", **settings)
    return EndpointClient(endpoint, transport=server, sleep=(waits if waits is not None else []).append)


def sse(*events: str) -> httpx.Response:
    return httpx.Response(200, text="".join(f"data: {event}\n\n" for event in events))


def test_a_question_is_sent_as_the_api_wants_it() -> None:
    server = ScriptedServer(httpx.Response(200, json=ANSWER))
    with client_of(server, api_key="secret") as client:
        assert client.complete(QUESTION, max_tokens=7, stop=["\n"]) == ("No.", "stop", 3)
    (request,) = server.asked
    assert str(request.url) == "http://server/v1/chat/completions"
    assert request.headers["Authorization"] == "Bearer secret"
    messages = [{"role": "user", "content": "Is there a nodule?"}]
    assert json.loads(request.content) == {"model": "sun", "messages": messages, "max_tokens": 7, "stop": ["\n"]}


def test_no_key_sends_no_header() -> None:
    server = ScriptedServer(httpx.Response(200, json=ANSWER))
    client_of(server).complete(QUESTION)
    assert "Authorization" not in server.asked[0].headers


@pytest.mark.parametrize(
    ("given", "asked"),
    [
        ("http://server:81", "http://server:81/v1/chat/completions"),
        ("http://server/", "http://server/v1/chat/completions"),
        ("http://server/v1", "http://server/v1/chat/completions"),
        ("http://server/other/v2/", "http://server/other/v2/chat/completions"),
    ],
)
def test_the_version_is_added_to_a_bare_host(given: str, asked: str) -> None:
    server = ScriptedServer(httpx.Response(200, json=ANSWER))
    EndpointClient(Endpoint(url=given, model="sun"), transport=server).complete(QUESTION)
    assert str(server.asked[0].url) == asked


def test_what_is_no_url_is_told() -> None:
    message = "server http://host:1x: got Invalid port: '1x', expected a URL such as http://127.0.0.1:8000/v1"
    with pytest.raises(RequestError, match=message):
        EndpointClient(Endpoint(url="http://host:1x", model="sun"))


def test_a_busy_server_is_asked_again_when_it_says() -> None:
    busy = httpx.Response(429, headers={"Retry-After": "7"})
    waits: list[float] = []
    server = ScriptedServer(busy, httpx.Response(503), httpx.Response(200, json=ANSWER))
    assert client_of(server, waits, backoff_s=0.25).complete(QUESTION).text == "No."
    assert waits == [7, 0.5]


def test_a_date_as_retry_after_and_endless_waits_are_not_followed() -> None:
    dated = httpx.Response(429, headers={"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"})
    endless = httpx.Response(429, headers={"Retry-After": "86400"})
    waits: list[float] = []
    client_of(ScriptedServer(dated, endless, httpx.Response(200, json=ANSWER)), waits).complete(QUESTION)
    assert waits == [0.5, 60]


def test_the_last_refusal_is_told_with_the_servers_reason() -> None:
    server = ScriptedServer(*[httpx.Response(500, json={"error": {"message": "out of memory"}})] * 3)
    expected = "request to http://server/v1/chat/completions: got status 500: out of memory, expected an answer"
    with pytest.raises(RequestError, match=expected):
        client_of(server).complete(QUESTION)
    assert len(server.asked) == 3


def test_a_server_that_wants_a_key_is_told_with_the_variable_that_holds_it() -> None:
    server = ScriptedServer(httpx.Response(401, json={"error": {"message": "no valid key"}}))
    with pytest.raises(RequestError, match=r"status 401: no valid key, .*; set DOCTORSUN_API_KEY to the server's key$"):
        client_of(server).models()


def test_an_answer_that_breaks_off_is_asked_for_again() -> None:
    server = ScriptedServer(httpx.Response(200, stream=BrokenStream()), httpx.Response(200, json=ANSWER))
    assert client_of(server).complete(QUESTION).text == "No."


def test_all_attempts_keep_to_the_pace() -> None:
    waits: list[float] = []
    server = ScriptedServer(httpx.Response(503), httpx.Response(200, json=ANSWER))
    client_of(server, waits, max_per_minute=1, backoff_s=0.25).complete(QUESTION)
    backoff_s, pace_s = waits
    assert backoff_s == 0.25
    assert 50 < pace_s <= 60


def test_a_wrong_request_is_not_repeated() -> None:
    server = ScriptedServer(httpx.Response(400, text="bad"))
    with pytest.raises(RequestError, match="got status 400: bad"):
        client_of(server).complete(QUESTION)


def test_a_server_that_cannot_be_reached_is_named() -> None:
    waits: list[float] = []
    server = ScriptedServer(*[httpx.ConnectError("refused")] * 3)
    with pytest.raises(RequestError, match="server http://server/v1/: got refused, expected an answer; is it run"):
        client_of(server, waits).complete(QUESTION)
    assert waits == [0.5, 1.0]


@pytest.mark.parametrize("answer", ['"text"', "{}", '{"choices": []}', '{"choices": [{"message": null}]}', "<html>"])
def test_an_answer_of_another_shape_is_refused(answer: str) -> None:
    server = ScriptedServer(httpx.Response(200, text=answer))
    with pytest.raises(RequestError, match="expected the OpenAI chat format"):
        client_of(server).complete(QUESTION)


def test_a_stream_gives_its_pieces() -> None:
    first = '{"choices": [{"delta": {"role": "assistant", "content": "没有"}}]}'
    second = '{"choices": [{"delta": {"content": "结节"}}]}'
    end = '{"choices": [{"delta": {}, "finish_reason": "stop"}]}'
    server = ScriptedServer(sse(first, second, end, '{"choices": [], "usage": {}}', "[DONE]"))
    assert list(client_of(server).stream(QUESTION)) == ["没有", "结节"]
    assert json.loads(server.asked[0].content)["stream"] is True


@pytest.mark.parametrize(
    ("events", "message"),
    [
        (['{"choices": []}'], r"answer of the server: got an end without \[DONE\], expected a whole answer"),
        (['{"error": {"message": "engine failed"}}'], "got engine failed, expected a whole answer"),
        (["not json"], "got not json, expected the OpenAI chat format"),
        (["[1]"], "expected the OpenAI chat format"),
    ],
)
def test_a_stream_that_goes_wrong_is_an_error(events: list[str], message: str) -> None:
    with pytest.raises(RequestError, match=message):
        list(client_of(ScriptedServer(sse(*events))).stream(QUESTION))


def test_a_stream_that_breaks_off_gives_what_it_had_and_an_error() -> None:
    pieces: list[str] = []
    server = ScriptedServer(httpx.Response(200, stream=BrokenStream()))
    with pytest.raises(RequestError, match="got connection reset, expected a whole answer"):
        pieces.extend(client_of(server).stream(QUESTION))
    assert (pieces, len(server.asked)) == (["No"], 1)


def test_models_are_listed() -> None:
    listed = httpx.Response(200, json={"data": [{"id": "a"}, {"id": "b"}]})
    assert list(client_of(ScriptedServer(listed)).models()) == ["a", "b"]
    with pytest.raises(RequestError, match=r"got \[\], expected the OpenAI chat format"):
        client_of(ScriptedServer(httpx.Response(200, json=[]))).models()
