"""Promise S6: an engine that crashes gives 503, a restart and an audit entry; clients are told and can ask again."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from real_command import ENVIRONMENT

import vllm_stand_in
from doctorsun.serve.app import create_app
from doctorsun.serve.engine_process import EngineCommand, EngineProcess
from doctorsun.serve.remote import Backend, RemoteChat
from doctorsun.serve.settings import ServeSettings
from doctorsun.serve.supervisor import Patience, SupervisedChat
from serve_fakes import serving
from small_model import save_small

NUM_TOKENS = 1500


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_small(tmp_path_factory.mktemp("weights") / "small")


def body(**changes: Any) -> dict[str, Any]:
    return {"model": "small", "messages": [{"role": "user", "content": "Is there a nodule?"}], **changes}


def answered_again(http: httpx.Client, **changes: Any) -> httpx.Response:
    """Ask until there is an answer; every refusal on the way says when to ask again."""
    deadline = time.monotonic() + 60
    while True:
        response = http.post("/v1/chat/completions", json=body(**changes))
        if response.status_code == 200:
            return response
        assert (response.status_code, response.headers["Retry-After"]) == (503, "1")
        assert http.get("/readyz").status_code in (200, 503)
        assert time.monotonic() < deadline


@pytest.fixture
def supervised(weights: Path, tmp_path: Path) -> Iterator[tuple[EngineProcess, list[str], str]]:
    """A gateway whose engine is our own server in a child process."""
    socket = tmp_path / "engine.sock"
    words = (sys.executable, "-m", "doctorsun", "serve", weights, "--uds", socket, "--state", tmp_path / "child")
    command = EngineCommand(
        words=tuple(map(str, words)), socket=socket, health="/readyz", log=tmp_path / "log", environ=ENVIRONMENT
    )
    process, told = EngineProcess(command), list[str]()
    chat = SupervisedChat(
        process,
        RemoteChat(Backend(socket=socket, health="/readyz", look_s=0.1)),
        tell=told.append,
        patience=Patience(look_s=0.1, first_pause_s=0.1),
    )
    settings = ServeSettings(model_name="small", revision="r")
    asyncio.run(chat.launch())
    with serving(create_app(chat, settings, studies=tmp_path / "studies")) as url:
        yield process, told, url


def test_our_own_server_as_the_engine_can_be_killed_during_a_stream(
    supervised: tuple[EngineProcess, list[str], str],
) -> None:
    process, told, url = supervised
    with httpx.Client(base_url=url, timeout=60) as http:
        sent = body(stream=True, max_tokens=NUM_TOKENS)
        with http.stream("POST", "/v1/chat/completions", json=sent) as response:
            lines = response.iter_lines()
            assert "choices" in next(lines)
            os.kill(process.pid or 0, signal.SIGKILL)
            *_, last = (line for line in lines if line)
        assert json.loads(last.removeprefix("data: "))["error"]["code"] == "engine"
        refused = http.post("/v1/chat/completions", json=body())
        assert (refused.status_code, refused.headers["Retry-After"]) == (503, "1")
        assert http.get("/readyz").status_code == 503
        answer = answered_again(http, max_tokens=5).json()
    assert answer["choices"][0]["message"]["content"]
    assert answer["usage"]["completion_tokens"] == 5
    assert told == ["engine_down", "engine_up"]


@contextmanager
def serving_by_vllm(weights: Path, state: Path) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """Run the real command with what stands in for vLLM."""
    program = state.parent / "vllm"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} {vllm_stand_in.__file__} "$@"\n')
    program.chmod(0o755)
    command = [sys.executable, "-m", "doctorsun", "--lang", "en", "serve", weights, "--engine", "vllm", "--port", "0"]
    environment = {**ENVIRONMENT, "DOCTORSUN_VLLM": str(program)}
    with subprocess.Popen(
        [*map(str, command), "--state", str(state)], stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stderr
        try:
            said = [next(process.stderr) for _ in range(3)]
            assert said[0] == f"starting vLLM, which can take minutes; what it says goes to {state / 'engine.log'}\n"
            assert said[1].startswith("serving the model 'small' (revision ")
            yield process, said[2].split()[1]
        finally:
            process.kill()


def test_the_command_starts_vllm_starts_it_again_and_records_both(weights: Path, tmp_path: Path) -> None:
    state = tmp_path / "state"
    with serving_by_vllm(weights, state) as (process, url), httpx.Client(base_url=url, timeout=60) as http:
        assert http.get("/v1/models").json()["data"][0]["engine"] == "vllm"
        answered_again(http)
        first = json.loads((state / "engine.log").read_text())
        assert (first["images"], first["model"]) == ({"image": 8}, str(weights))
        os.kill(first["pid"], signal.SIGKILL)
        while json.loads((state / "engine.log").read_text().splitlines()[-1])["pid"] == first["pid"]:
            time.sleep(0.05)
        answer = answered_again(http).json()
        assert answer["choices"][0]["message"]["content"] == "左肺"
        process.terminate()
        assert process.wait(60) == 0
    entries = [json.loads(line) for line in (state / "audit.jsonl").read_text().splitlines()]
    kinds = [entry["event"] for entry in entries if entry["event"] not in {"question", "answer", "refused"}]
    assert kinds == ["start", "engine_down", "engine_up", "stop"]
    with pytest.raises(ProcessLookupError):
        os.kill(json.loads((state / "engine.log").read_text().splitlines()[-1])["pid"], 0)
