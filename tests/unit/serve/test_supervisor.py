import asyncio
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import pytest

import backend_fakes
from backend_fakes import HANG
from doctorsun.schema import Message, text_part
from doctorsun.serve.engine import EngineFailure, Question
from doctorsun.serve.engine_process import EngineCommand, EngineProcess
from doctorsun.serve.remote import Backend, RemoteChat
from doctorsun.serve.supervisor import Patience, SupervisedChat

QUESTION = Question(messages=(Message(role="user", content=(text_part("?"),)),))
HANGING = replace(QUESTION, stops=(HANG,))
QUICK = Patience(look_s=0.02, first_pause_s=0.01, stop_s=10)


def command(folder: Path, *words: object, **settings: Any) -> EngineCommand:
    """Return a command, that of the scripted backend when no words are given."""
    own = (sys.executable, backend_fakes.__file__, folder / "engine.sock")
    return EngineCommand(
        words=tuple(map(str, words or own)),
        socket=folder / "engine.sock",
        health="/health",
        log=folder / "engine.log",
        **settings,
    )


class Supervised:
    """A supervised child, and what was told of it."""

    def __init__(self, command: EngineCommand, *, patience: Patience = QUICK, look_s: float = 0.02) -> None:
        self.told: list[str] = []
        self.process = EngineProcess(command)
        backend = Backend(socket=command.socket, health=command.health, look_s=look_s, look_timeout_s=1)
        self.chat = SupervisedChat(self.process, RemoteChat(backend), tell=self.told.append, patience=patience)

    async def __aenter__(self) -> Self:
        await self.chat.launch()
        await self.chat.start()
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.chat.close()

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(60):
            while not holds():  # noqa: ASYNC110 (there is nothing to be woken by)
                await asyncio.sleep(0.01)

    async def answer(self) -> str:
        return "".join([piece.text async for piece in self.chat.answer(QUESTION)])


def test_a_child_answers_and_is_gone_at_the_end(tmp_path: Path) -> None:
    async def go() -> int:
        async with Supervised(command(tmp_path)) as supervised:
            assert supervised.chat.is_ready
            assert supervised.chat.max_length == 400
            assert await supervised.answer() == "左肺"
            assert supervised.process.pid
            return supervised.process.pid

    with pytest.raises(ProcessLookupError):
        os.kill(asyncio.run(go()), 0)


def test_a_child_that_is_killed_fails_its_answers_and_is_started_again(tmp_path: Path) -> None:
    async def go() -> None:
        async with Supervised(command(tmp_path)) as supervised:
            answer = supervised.chat.answer(HANGING)
            assert (await anext(answer)).text == "左"
            os.kill(supervised.process.pid or 0, signal.SIGKILL)
            with pytest.raises(EngineFailure, match="the engine broke off"):
                await anext(answer)
            with pytest.raises(EngineFailure, match="the engine "):
                await supervised.answer()
            await supervised.until(lambda: supervised.told[:2] == ["engine_down", "engine_up"])
            assert await supervised.answer() == "左肺"
            assert supervised.chat.num_restarts >= 1

    asyncio.run(go())


def test_a_child_that_is_killed_while_nobody_asks_is_missed_between_two_looks(tmp_path: Path) -> None:
    async def go() -> None:
        pause = replace(QUICK, first_pause_s=600)
        async with Supervised(command(tmp_path), patience=pause, look_s=600) as supervised:
            os.kill(supervised.process.pid or 0, signal.SIGKILL)
            await supervised.until(lambda: not supervised.chat.is_ready)
            assert supervised.told == ["engine_down"]

    asyncio.run(go())


def test_a_child_that_hangs_is_killed_and_started_again(tmp_path: Path) -> None:
    async def go() -> None:
        async with Supervised(command(tmp_path), patience=replace(QUICK, silence_s=0.5)) as supervised:
            os.kill(supervised.process.pid or 0, signal.SIGSTOP)
            await supervised.until(lambda: supervised.told[:2] == ["engine_down", "engine_up"])
            assert await supervised.answer() == "左肺"

    asyncio.run(go())


def test_a_child_that_ends_before_it_is_ready_is_told_with_its_log(tmp_path: Path) -> None:
    ending = command(tmp_path, "sh", "-c", "echo no memory; exit 7")
    ending.log.write_text("of the server before")
    with pytest.raises(EngineFailure) as error:
        asyncio.run(Supervised(ending).__aenter__())
    assert error.value.text() == (
        "engine sh: got its end with status 7 before it was ready, expected a server that answers;"
        f" read {tmp_path / 'engine.log'}"
    )
    assert ending.log.read_text() == "no memory\n"
    assert (tmp_path / "engine.log.1").read_text() == "of the server before"
    assert stat.S_IMODE(ending.log.stat().st_mode) == 0o600


def test_keys_are_kept_from_the_child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DOCTORSUN_API_KEY", "DOCTORSUN_ENGINE_KEY"):
        monkeypatch.setenv(name, "secret")
    process = EngineProcess(command(tmp_path, "env", environ={"DO_NOT_TRACK": "1"}))
    process.start()
    assert asyncio.run(process.ended()) == 0
    told = process.command.log.read_text()
    assert "DO_NOT_TRACK=1" in told
    assert "secret" not in told


def test_a_child_that_does_not_stop_is_killed_with_all_that_it_started(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "alive")
    script = f"trap '' TERM; sleep 1000 > {tmp_path / 'alive'} & wait; sleep 1000"
    process = EngineProcess(command(tmp_path, "sh", "-c", script))
    process.start()
    with (tmp_path / "alive").open("rb") as alive:
        asyncio.run(process.stop(0.1))
        assert alive.read() == b""  # nobody is left who could write
    process.kill()


@pytest.mark.skipif(sys.platform != "linux", reason="other systems cannot tie a process to its parent")
def test_the_child_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "alive")
    parent = (
        "import sys, time; from pathlib import Path; from doctorsun.serve.engine_process import *\n"
        "folder = Path(sys.argv[1])\n"
        "words = ('sh', '-c', f'exec sleep 1000 > {folder}/alive')\n"
        "EngineProcess(EngineCommand(words=words, socket=folder / 's', health='/', log=folder / 'l')).start()\n"
        "time.sleep(1000)"
    )
    process = subprocess.Popen([sys.executable, "-c", parent, str(tmp_path)])
    with process, (tmp_path / "alive").open("rb") as alive:
        process.kill()
        assert alive.read() == b""
