import asyncio
import math
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from backend_fakes import CARD, WHOLE, ScriptedBackend, chunk, logprob, sse
from doctorsun.errors import DoctorSunError, RequestError
from doctorsun.schema import Message, image_part, text_part
from doctorsun.serve.engine import EngineFailure, Piece, Question, TokenLogprob
from doctorsun.serve.remote import Backend, RemoteChat
from serve_fakes import serving

ASKED = Message(role="user", content=(text_part("有结节吗？"),))
QUESTION = Question(messages=(ASKED,))


class CountedPrompts:
    """Says of every question that it has so many tokens."""

    def __init__(self, num_tokens: int) -> None:
        self.num_tokens = num_tokens

    def count(self, _messages: Sequence[Message]) -> int:
        return self.num_tokens

    def as_words(self, messages: Sequence[Message]) -> tuple[Message, ...]:
        return tuple(replace(each, content=(text_part("as words"),)) for each in messages)


@pytest.fixture(scope="module")
def backend_and_url() -> Iterator[tuple[ScriptedBackend, str]]:
    backend = ScriptedBackend()
    with serving(backend.app()) as url:
        yield backend, url


@pytest.fixture
def backend(backend_and_url: tuple[ScriptedBackend, str]) -> Iterator[ScriptedBackend]:
    backend, _ = backend_and_url
    backend.asked.clear()
    backend.headers.clear()
    yield backend
    backend.reset()


@pytest.fixture
def url(backend_and_url: tuple[ScriptedBackend, str]) -> str:
    return backend_and_url[1]


@asynccontextmanager
async def opened(url: str, **settings: Any) -> AsyncIterator[RemoteChat]:
    chat = RemoteChat(Backend(url=url, silence_s=settings.pop("silence_s", 20)), **settings)
    await chat.start()
    try:
        yield chat
    finally:
        await chat.close()


def ask(url: str, question: Question = QUESTION, **settings: Any) -> list[Piece]:
    async def collect() -> list[Piece]:
        async with opened(url, **settings) as chat:
            return [piece async for piece in chat.answer(question)]

    return asyncio.run(collect())


def test_an_answer_comes_in_pieces_with_the_servers_count_at_the_end(backend: ScriptedBackend, url: str) -> None:
    *pieces, last = ask(url)
    assert [piece.text for piece in pieces] == ["左", "肺"]
    assert [piece.num_tokens for piece in pieces] == [1, 2]
    assert (last.text, last.finish, last.num_tokens, last.num_prompt_tokens) == ("", "stop", 2, 7)
    assert len(backend.asked) == 1


def test_every_setting_is_passed_on_and_the_key_with_it(backend: ScriptedBackend, url: str, png: bytes) -> None:
    asked = Message(role="user", content=(image_part(), text_part("?")))
    question = Question(
        messages=(asked,), images=(png,), max_tokens=9, temperature=0.5, top_p=0.9, seed=4, stops=("a",), top_logprobs=3
    )

    async def collect() -> None:
        chat = RemoteChat(Backend(url=url, api_key="k"))
        await chat.start()
        assert [piece async for piece in chat.answer(question)]
        await chat.close()

    asyncio.run(collect())
    (sent,) = backend.asked
    (turn,) = sent.pop("messages")
    assert sent == {
        "model": "moon", "max_tokens": 9, "temperature": 0.5, "top_p": 0.9, "seed": 4, "stop": ["a"], "logprobs": True,
        "top_logprobs": 3, "stream": True, "stream_options": {"include_usage": True},
    }  # fmt: skip
    assert turn["content"][0]["image_url"]["url"].startswith("data:image/png;base64,")
    assert backend.headers[0]["authorization"] == "Bearer k"


@pytest.mark.parametrize(
    ("num_prompt_tokens", "card", "expected"),
    [
        (0, CARD, 400),
        (390, CARD, 10),
        (0, {"id": "moon"}, 512),
        (5, {**CARD, "max_model_len": 9999}, 512),
    ],
    ids=["no tokenizer", "little room", "unknown length", "much room"],
)
def test_an_answer_is_allowed_the_room_that_is_left(
    backend: ScriptedBackend, url: str, num_prompt_tokens: int, card: Any, expected: int
) -> None:
    backend.cards = {"data": [card]}
    ask(url, prompts=CountedPrompts(num_prompt_tokens))
    assert backend.asked[0]["max_tokens"] == expected
    assert backend.asked[0]["messages"][0]["content"] == "as words"


def test_a_question_that_is_known_to_be_too_long_is_refused_here(backend: ScriptedBackend, url: str) -> None:
    with pytest.raises(RequestError, match=r"length of prompt and answer: got 398 \+ 3 tokens, expected at most 400"):
        ask(url, replace(QUESTION, max_tokens=3), prompts=CountedPrompts(398))
    assert backend.asked == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"temperature": math.inf}, "temperature: got inf, expected 0 or more, finite"),
        ({"top_p": 0.0}, "top_p: got 0.0, expected above 0 and at most 1"),
        ({"max_tokens": 0}, "max_tokens: got 0, expected 1 or more"),
    ],
    ids=["temperature", "top_p", "max_tokens"],
)
def test_settings_out_of_range_are_refused_here(
    backend: ScriptedBackend, url: str, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(RequestError, match=message):
        ask(url, replace(QUESTION, **changes))
    assert backend.asked == []


@pytest.mark.parametrize(
    ("status", "kind", "message"),
    [
        (400, RequestError, r"request: got a refusal by the engine \(status 400\)"),
        (413, RequestError, r"request: got a refusal by the engine \(status 413\)"),
        (401, EngineFailure, "the engine refuses to answer now"),
        (302, EngineFailure, "the engine refuses to answer now"),
        (429, EngineFailure, "the engine refuses to answer now"),
        (500, EngineFailure, "the engine refuses to answer now"),
    ],
)
def test_a_refusal_is_told_without_its_words_and_not_asked_again(
    backend: ScriptedBackend, url: str, status: int, kind: type[DoctorSunError], message: str
) -> None:
    backend.status = status
    with pytest.raises(kind, match=message) as error:
        ask(url)
    assert "SECRET" not in error.value.text()
    assert len(backend.asked) == 1


@pytest.mark.parametrize(
    ("script", "message"),
    [
        (sse(chunk("左"), {"error": {"message": "SECRET"}}), "gave the answer up"),
        (sse(chunk("左"), "{"), "cannot be understood"),
        (sse(chunk("左"), "[]"), "cannot be understood"),
        (sse(chunk("左"), {"choices": [{"delta": {"content": 5}}]}), "cannot be understood"),
        (sse("[" * 100_000), "cannot be understood"),
        ([b"data: \xff\xfe\n\n"], "cannot be understood"),
        ([b"data: " + b"x" * 2**21], "cannot be understood"),
        (sse(chunk("左"), chunk(finish="abort")), "gave the answer up"),
        (sse(chunk("左")), "broke off"),
        ([], "broke off"),
        ([b"<html>busy</html>"], "broke off"),
        (sse(chunk("左"), "[DONE]"), "broke off"),
    ],
    ids=[
        "error", "cut", "list", "no text", "deep", "no utf-8", "long", "abort", "half", "nothing", "html", "no finish"
    ],
)  # fmt: skip
def test_what_is_no_answer_is_a_failure_that_says_nothing_of_it(
    backend: ScriptedBackend, url: str, script: list[bytes], message: str
) -> None:
    backend.script = script
    with pytest.raises(EngineFailure, match=message) as error:
        ask(url)
    assert "SECRET" not in error.value.text()
    assert len(backend.asked) == 1


def test_a_connection_that_breaks_is_a_failure_and_the_engine_down_until_the_next_look(
    backend: ScriptedBackend, url: str
) -> None:
    backend.script, backend.broken = sse(chunk("左")), True

    async def broken() -> None:
        async with opened(url) as chat:
            with pytest.raises(EngineFailure, match="the engine broke off; send the request again"):
                assert [piece async for piece in chat.answer(QUESTION)]
            assert not chat.is_ready
            await chat.look()
            assert chat.is_ready

    asyncio.run(broken())


def test_an_answer_that_is_whole_survives_a_break_after_it(backend: ScriptedBackend, url: str) -> None:
    backend.script, backend.broken = sse(chunk("左"), chunk(finish="length")), True
    *_, last = ask(url)
    assert (last.finish, last.num_tokens) == ("length", 1)


@pytest.mark.parametrize("script", [[], sse(chunk("左"))], ids=["at once", "on the way"])
def test_a_silent_server_is_given_up(backend: ScriptedBackend, url: str, script: list[bytes]) -> None:
    backend.script, backend.silent = script, True
    with pytest.raises(EngineFailure, match="the engine fell silent"):
        ask(url, silence_s=0.2)
    assert backend.gone.wait(20)


def test_an_answer_without_end_is_given_up_and_the_connection_closed(backend: ScriptedBackend, url: str) -> None:
    backend.script, backend.endless = sse(chunk("左")), True
    with pytest.raises(EngineFailure, match="the engine does not end its answer"):
        ask(url, replace(QUESTION, max_tokens=5))
    assert backend.gone.wait(20)


def test_leaving_closes_the_connection_and_the_counts_follow(backend: ScriptedBackend, url: str) -> None:
    backend.script, backend.silent = sse(chunk("左")), True

    async def leave() -> None:
        async with opened(url) as chat:
            async with aclosing(chat.answer(QUESTION)) as answer:
                await anext(answer)
                assert (chat.num_running, chat.num_waiting) == (1, 0)
            assert (chat.num_running, chat.num_waiting) == (0, 0)
            assert await asyncio.to_thread(backend.gone.wait, 20)

    asyncio.run(leave())


def test_closing_ends_answers_that_still_run(backend: ScriptedBackend, url: str) -> None:
    backend.script, backend.silent = sse(chunk("左")), True

    async def close() -> None:
        async with opened(url) as chat:
            answer = chat.answer(QUESTION)
            await anext(answer)
            await chat.close()
            assert not chat.is_ready
            await anext(answer)

    with pytest.raises(EngineFailure):
        asyncio.run(close())


def test_likelihoods_come_as_they_were_told(backend: ScriptedBackend, url: str) -> None:
    backend.script = sse(chunk("左", logprobs=logprob("左", -0.1, 左=-0.1, 右=-2.0, 双=-3.0))) + WHOLE[1:]
    first, *_ = ask(url, replace(QUESTION, top_logprobs=2))
    token = TokenLogprob(text="左", data="左".encode(), logprob=-0.1)
    other = TokenLogprob(text="右", data="右".encode(), logprob=-2.0)
    assert first.logprobs == (replace(token, top=(token, other)),)


def test_options_are_weighed_by_the_first_token(backend: ScriptedBackend, url: str) -> None:
    told = {"Yes": math.log(0.5), " yes": math.log(0.25), "No": math.log(0.2)}
    backend.script = sse(chunk("Yes", logprobs=logprob("Yes", told["Yes"], **told))) + WHOLE[2:]
    first, last = ask(url, replace(QUESTION, options=("yes", "no")))
    assert [math.exp(each) for each in first.option_logprobs] == pytest.approx([0.75, 0.2])
    assert (first.logprobs, last.option_logprobs) == ((), ())
    assert backend.asked[0]["top_logprobs"] == 20


@pytest.mark.parametrize(
    "told",
    [None, {"Yes": -0.1}, {"Yes": -1.0, "No": -1.0, "N": -2.0}],
    ids=["no likelihoods", "one missing", "decided later"],
)
def test_options_that_cannot_be_weighed_are_not(
    backend: ScriptedBackend, url: str, told: dict[str, float] | None
) -> None:
    backend.script = sse(chunk("Yes", logprobs=logprob("Yes", -0.1, **told) if told else None)) + WHOLE[2:]
    assert [piece.option_logprobs for piece in ask(url, replace(QUESTION, options=("yes", "no")))] == [(), ()]


def test_a_server_that_is_not_there_is_not_ready(tmp_path: Path) -> None:
    async def look() -> None:
        chat = RemoteChat(Backend(socket=tmp_path / "none.sock"))
        await chat.start()
        assert (chat.is_ready, chat.max_length) == (False, 0)
        with pytest.raises(EngineFailure, match="the engine is not ready; send the request again later"):
            await anext(chat.answer(QUESTION))
        await chat.close()

    asyncio.run(look())


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        ({"cards": {"data": []}}, None),
        ({"cards": {"data": [CARD]}}, "sun"),
        ({"cards": {"data": [CARD, {"id": "sun"}]}}, None),
        ({"cards": ["x"]}, None),
        ({"health_status": 503}, None),
    ],
    ids=["no model", "another model", "several models", "no list", "not well"],
)
def test_a_server_that_cannot_answer_is_not_ready_until_it_can(
    backend: ScriptedBackend, url: str, change: dict[str, Any], wanted: str | None
) -> None:
    async def look() -> None:
        chat = RemoteChat(Backend(url=url, model=wanted, health="/health", look_s=0.01))
        for name, value in change.items():
            setattr(backend, name, value)
        await chat.start()
        assert (chat.is_ready, chat.problem != "") == (False, True)
        backend.cards, backend.health_status = {"data": [{**CARD, "id": wanted or "moon"}]}, 200
        await until(lambda: chat.is_ready)
        assert chat.max_length == 400
        backend.health_status = 500
        await until(lambda: not chat.is_ready)
        await chat.close()

    asyncio.run(look())


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not holds():  # noqa: ASYNC110 (there is nothing to be woken by)
            await asyncio.sleep(0.001)


def test_a_server_that_went_is_told_at_once_and_found_again(backend: ScriptedBackend) -> None:
    async def ask_twice(url: str) -> RemoteChat:
        chat = RemoteChat(Backend(url=url, look_s=60))
        await chat.start()
        return chat

    async def go() -> None:
        with serving(backend.app()) as url:
            chat = await ask_twice(url)
            assert chat.is_ready
        with pytest.raises(EngineFailure, match=r"the engine (cannot be reached|broke off)"):
            await anext(chat.answer(QUESTION))
        await chat.close()

    asyncio.run(go())
