"""Engines as the command's options name them."""

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

import vllm_stand_in
from backend_fakes import CARD, ScriptedBackend
from doctorsun.errors import RecipeError, WeightsError
from doctorsun.schema import Message, text_part
from doctorsun.serve.engine import ChatEngine, EngineFailure, Question
from doctorsun.serve.engines import OpenEngine, local_engine, open_engine
from doctorsun.serve.options import ServerOptions
from doctorsun.weights.folder import revision_of
from serve_fakes import serving
from small_model import MICRO, save_small

QUESTION = Question(messages=(Message(role="user", content=(text_part("?"),)),), max_tokens=4)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_small(tmp_path_factory.mktemp("weights") / "small")


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[tuple[ScriptedBackend, str]]:
    backend = ScriptedBackend()
    with serving(backend.app()) as url:
        yield backend, url


def opened(folder: Path | None, state: Path, **settings: Any) -> tuple[OpenEngine, str]:
    """Open an engine, ask it, and return it with its answer."""
    options = ServerOptions(folder=folder, state=state, **settings)
    with open_engine(options, folder, state=state, max_images=3, tell=lambda _change: None) as engine:
        return engine, asyncio.run(answer(engine.chat))


async def answer(chat: ChatEngine) -> str:
    await chat.start()
    try:
        return "".join([piece.text async for piece in chat.answer(QUESTION)])
    finally:
        await chat.close()


def test_weights_here_answer_in_a_process_of_their_own(weights: Path, tmp_path: Path) -> None:
    engine, said = opened(weights, tmp_path, name="sun")
    assert said
    assert (engine.name, engine.revision) == ("sun", revision_of(weights))
    assert engine.images is not None
    assert engine.images.size == MICRO.image_size


def test_an_engine_says_why_its_weights_cannot_be_loaded(tmp_path: Path) -> None:
    weights = save_small(tmp_path / "cut")
    file = weights / "model.safetensors"
    file.write_bytes(file.read_bytes()[:1000])
    with pytest.raises(WeightsError, match="cut: got SafetensorError"):
        opened(weights, tmp_path)


def test_an_engine_that_is_killed_is_started_again(weights: Path, tmp_path: Path) -> None:
    changes: list[str] = []

    async def go(chat: ChatEngine) -> tuple[str, str]:
        await chat.start()
        before = "".join([piece.text async for piece in chat.answer(QUESTION)])
        (killed,) = [
            child for child in psutil.Process().children() if "doctorsun.serve.token_server" in child.cmdline()
        ]
        killed.kill()
        async with asyncio.timeout(60):
            while changes != ["engine_down", "engine_up"]:  # noqa: ASYNC110 (there is nothing to be woken by)
                await asyncio.sleep(0.01)
        after = "".join([piece.text async for piece in chat.answer(QUESTION)])
        await chat.close()
        return before, after

    with local_engine(weights, tmp_path, tell=changes.append) as (chat, revision):
        before, after = asyncio.run(go(chat))
    assert before == after != ""
    assert revision == revision_of(weights)


def test_a_server_elsewhere_tells_its_model(elsewhere: tuple[ScriptedBackend, str], tmp_path: Path) -> None:
    backend, url = elsewhere
    backend.cards = {"data": [CARD]}
    engine, said = opened(None, tmp_path, engine=url)
    assert (engine.name, engine.revision, engine.images, said) == ("moon", "unknown", None, "左肺")
    backend.cards = {"data": [{**CARD, "revision": "abc"}, {"id": "other"}]}
    engine, _ = opened(None, tmp_path, engine=url, name="moon", engine_key="k")
    assert (engine.name, engine.revision) == ("moon", "abc")
    assert backend.headers[-1]["authorization"] == "Bearer k"


def test_a_server_elsewhere_with_our_weights_is_known_by_them(
    elsewhere: tuple[ScriptedBackend, str], weights: Path, tmp_path: Path
) -> None:
    backend, url = elsewhere
    backend.cards = {"data": [CARD]}
    engine, said = opened(weights, tmp_path, engine=url)
    assert (engine.name, engine.revision, said) == ("small", revision_of(weights), "左肺")
    assert engine.images is not None
    backend.cards = {"data": [{**CARD, "revision": "abc"}]}
    with pytest.raises(RecipeError, match=f"engine {url}: got weights of revision abc, expected {engine.revision}"):
        opened(weights, tmp_path, engine=url)


def test_a_server_that_changes_its_weights_is_asked_no_more(
    elsewhere: tuple[ScriptedBackend, str], tmp_path: Path
) -> None:
    backend, url = elsewhere
    backend.cards = {"data": [{**CARD, "revision": "abc"}]}
    engine, _ = opened(None, tmp_path, engine=url)
    backend.cards = {"data": [{**CARD, "revision": "other"}]}
    with pytest.raises(EngineFailure, match="the engine is not ready"):
        asyncio.run(answer(engine.chat))


def test_a_server_with_several_models_wants_a_name(elsewhere: tuple[ScriptedBackend, str], tmp_path: Path) -> None:
    backend, url = elsewhere
    backend.cards = {"data": [CARD, {"id": "sun"}]}
    with pytest.raises(RecipeError, match="got moon, sun, expected one; choose one with --name"):
        opened(None, tmp_path, engine=url)


@pytest.mark.parametrize("status", [401, 403])
def test_a_server_that_wants_a_key_is_told_with_where_to_give_it(
    elsewhere: tuple[ScriptedBackend, str], tmp_path: Path, status: int
) -> None:
    backend, url = elsewhere
    backend.cards_status = status
    message = rf"got status {status}, its key \(DOCTORSUN_ENGINE_KEY\) is missing or wrong, expected one model; .*key"
    with pytest.raises(RecipeError, match=message):
        opened(None, tmp_path, engine=url)
    backend.cards_status = 500
    with pytest.raises(RecipeError, match="got status 500, expected one model"):
        opened(None, tmp_path, engine=url)
    backend.reset()


@pytest.mark.parametrize("url", ["http://[::1", "http://a:x/"])
def test_what_is_no_url_is_told(url: str, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"--engine: got .*, expected a URL such as"):
        opened(None, tmp_path, engine=url)


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What stands in for vLLM, where the variable names it."""
    program = tmp_path / "vllm"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} {vllm_stand_in.__file__} "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("DOCTORSUN_VLLM", str(program))
    return program


@pytest.mark.usefixtures("program")
def test_vllm_answers_from_a_child_process(weights: Path, tmp_path: Path) -> None:
    engine, said = opened(weights, tmp_path, engine="vllm")
    assert (engine.name, engine.revision, said) == ("small", revision_of(weights), "左肺")


def test_vllm_that_does_not_start_is_told_with_its_log(weights: Path, tmp_path: Path, program: Path) -> None:
    program.write_text("#!/bin/sh\necho no accelerator; exit 1\n")
    with pytest.raises(EngineFailure, match="its end with status 1 before it was ready") as error:
        opened(weights, tmp_path, engine="vllm")
    assert error.value.do == f"read {tmp_path / 'engine.log'}"
    assert (tmp_path / "engine.log").read_text() == "no accelerator\n"


def test_a_state_folder_too_deep_for_a_socket_is_told(weights: Path, tmp_path: Path, program: Path) -> None:
    assert program.exists()
    with pytest.raises(RecipeError, match=r"engine\.sock: got a path of \d+ bytes, expected at most 107"):
        opened(weights, tmp_path / ("a" * 100), engine="vllm")
