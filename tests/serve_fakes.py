"""A scripted engine, and an application on a real port."""

import socket
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI

from doctorsun.errors import RequestError
from doctorsun.generate.request import Request, Token
from doctorsun.serve.patient_protocol import PatientProtocol


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
