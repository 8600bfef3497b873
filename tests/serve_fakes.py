"""A scripted engine, a chat whose engine lives in a thread, and an application on a real port."""

import asyncio
import socket
import tempfile
import threading
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from doctorsun.errors import RequestError
from doctorsun.generate.engine import Engine
from doctorsun.generate.request import Request, Token
from doctorsun.processor.processor import Processor
from doctorsun.serve.local import LocalChat
from doctorsun.serve.patient_protocol import PatientProtocol
from doctorsun.serve.token_client import TokenClient
from doctorsun.serve.token_server import answer_gateway


class ScriptedEngine:
    """An engine that gives every request the same answer, a token a step; it can be stalled or made to fail.

    Args:
        answer: token ids; a request whose ``max_tokens`` is smaller gets fewer.
        end_id: the stop token after them; None begins the answer again and again.
    """

    def __init__(self, answer: Iterable[int], end_id: int | None = None) -> None:
        self.answer = tuple(answer)
        self.normal_end_id = end_id
        self.num_tickets = 0
        self.open: dict[int, tuple[Request, int]] = {}
        self.asked: list[Request] = []
        self.going = threading.Event()
        self.submitted = threading.Event()
        self.idle = threading.Event()
        self._never = threading.Event()
        self.reset()

    def reset(self) -> None:
        """Behave as at the start again."""
        self.max_length = 400
        self.end_id = self.normal_end_id
        self.failure: Exception | None = None
        self.refusal: Exception | None = None
        self.option_logprobs: tuple[float, ...] = ()
        self.num_steps = 0
        self.going.set()

    def generate(self, requests: Iterable[Request]) -> Iterator[Token]:
        raise NotImplementedError

    def submit(self, request: Request) -> int:
        if len(request.prompt_ids) + request.max_tokens > self.max_length:
            raise RequestError("length of prompt and answer", got="too much")
        if self.refusal:
            refusal, self.refusal = self.refusal, None
            raise refusal
        self.asked.append(request)
        self.num_tickets += 1
        self.open[self.num_tickets] = (request, 0)
        self.idle.clear()
        self.submitted.set()
        return self.num_tickets

    def step(self) -> list[Token]:
        if not self.going.wait(0.01):
            return []
        # As a real engine would, leave the event loop time between steps.
        self._never.wait(0.001)
        if self.failure:
            failure, self.failure = self.failure, None
            raise failure
        self.num_steps += 1
        return [self._next(ticket) for ticket in list(self.open)]

    def cancel(self, ticket: int) -> None:
        self.open.pop(ticket, None)
        if not self.open:
            self.idle.set()

    def _next(self, ticket: int) -> Token:
        request, place = self.open[ticket]
        self.open[ticket] = (request, place + 1)
        is_end = place == len(self.answer) and self.end_id is not None
        if is_end or place + 1 == request.max_tokens:
            self.cancel(ticket)
        token_id = self.end_id if is_end and self.end_id is not None else self.answer[place % len(self.answer)]
        return Token(
            request=ticket,
            id=token_id,
            logprob=-0.5,
            finish="stop" if is_end else "length" if place + 1 == request.max_tokens else None,
            option_logprobs=self.option_logprobs if request.options and not place else (),
            top=tuple((token_id + rank, -0.5 - rank) for rank in range(request.num_top)),
        )


class EngineThread:
    """An engine that listens at a socket as the engine process does, for one gateway at a time."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.revision = "r"
        self.path = Path(tempfile.gettempdir()) / f"engine-{uuid.uuid4().hex}.sock"
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(self.path))
        listener.listen()
        self._thread = threading.Thread(target=self._answer_one, args=(listener,))
        self._thread.start()

    def join(self) -> None:
        """Wait until the gateway has let go of it."""
        if self._thread:
            self._thread.join()

    def _answer_one(self, listener: socket.socket) -> None:
        with listener:
            connection, _ = listener.accept()
        self.path.unlink()
        with connection:
            answer_gateway(self._engine, self.revision, connection)


class ThreadedChat(LocalChat):
    """A `LocalChat` over an engine in a thread of the test, behind a real socket."""

    def __init__(self, engine: Engine, processor: Processor, *, default_max_tokens: int = 512) -> None:
        self._engine_thread = EngineThread(engine)
        client = TokenClient(self._engine_thread.path)
        super().__init__(client, processor, default_max_tokens=default_max_tokens)

    async def start(self) -> None:
        self._engine_thread.start()
        await super().start()

    async def close(self) -> None:
        await super().close()
        await asyncio.to_thread(self._engine_thread.join)


@contextmanager
def serving(app: FastAPI, http: type[PatientProtocol] = PatientProtocol) -> Iterator[str]:
    """Run an application on a free port of this machine and yield its address."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(app, http=http, ws="none", log_level="critical", timeout_graceful_shutdown=60)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()
