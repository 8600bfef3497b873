"""RemoteChat: answers from any server that speaks the OpenAI chat API, over TCP or a Unix socket."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import httpx

from doctorsun.endpoint.client import api_root
from doctorsun.endpoint.messages import chat_messages
from doctorsun.endpoint.replies import model_cards
from doctorsun.errors import RequestError
from doctorsun.generate.request import Request
from doctorsun.schema import Message
from doctorsun.serve.engine import EngineFailure, Piece, Question
from doctorsun.serve.remote_answer import RemoteAnswer
from doctorsun.serve.remote_stream import chunks

logger = logging.getLogger("uvicorn.error")  # the one that uvicorn shows

_BAD_QUESTION = frozenset({400, 413, 422})
_BAD_KEY = frozenset({401, 403})
_MOST_TOP_LOGPROBS = 20
_CONNECT_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """Where the answers come from.

    Attributes:
        url: of the API, up to and including its version; for a Unix socket it only names the host.
        socket: the Unix socket at which the server listens, in place of TCP.
        model: its name there; not needed where the server offers one alone.
        revision: of its weights; a server that tells another one is not asked.
        api_key: what the server wants to see.
        health: a path that answers with success while the server is well; the list of models when not given.
        silence_s: the longest that it may say nothing, before its first word and between two.
        look_s: pause between two looks at its health.
        look_timeout_s: a look that takes longer finds it not well.
    """

    url: str = "http://localhost/v1"
    socket: Path | None = None
    model: str | None = None
    revision: str | None = None
    api_key: str | None = None
    health: str | None = None
    silence_s: float = 120.0
    look_s: float = 2.0
    look_timeout_s: float = 5.0


class Prompts(Protocol):
    """What a tokenizer knows of a question."""

    def count(self, messages: Sequence[Message]) -> int:
        """Return how many tokens the question has."""
        ...

    def as_words(self, messages: Sequence[Message]) -> tuple[Message, ...]:
        """Return messages in which nothing is a control token to the other server."""
        ...


class RemoteChat:
    """Answers come from another server; it gets pictures as data URLs only, and nothing of a refusal's words goes on.

    A question is sent once: whether to ask again is for the client to say, who may have seen part of the answer.

    Args:
        backend: the server.
        default_max_tokens: for a question that does not say; less where the context ends sooner.
        prompts: knows the tokens of a question, where the weights' tokenizer is at hand.

    Attributes:
        problem: why the server could not answer when last looked at; empty where it could.

    Raises:
        RequestError: the URL is none.
    """

    def __init__(
        self,
        backend: Backend,
        *,
        default_max_tokens: int = 512,
        prompts: Prompts | None = None,
    ) -> None:
        self._backend = backend
        self._default_max_tokens = default_max_tokens
        self._prompts = prompts
        self._root = api_root(backend.url)
        self._card: dict[str, Any] | None = None
        self.problem = ""
        self._num_waiting = self._num_running = 0
        self._http: httpx.AsyncClient | None = None
        self._watching: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Look whether the server is there, and again from time to time."""
        self._http = self._client()
        await self.look()
        self._watching = asyncio.create_task(self._watch())

    async def close(self) -> None:
        """Let go of the server; answers that still run end with an `EngineFailure`."""
        self._card = None
        if self._watching:
            self._watching.cancel()
            await asyncio.wait({self._watching})
        if self._http:
            await self._http.aclose()

    @property
    def is_ready(self) -> bool:
        """Whether the server was well when last looked at."""
        return self._card is not None

    @property
    def num_running(self) -> int:
        """Answers that are being written."""
        return self._num_running

    @property
    def num_waiting(self) -> int:
        """Questions whose answer was not begun."""
        return self._num_waiting

    @property
    def num_restarts(self) -> int:
        """None: nobody starts this engine again."""
        return 0

    @property
    def max_length(self) -> int:
        """The most tokens of question and answer together; 0 while the server does not tell."""
        length = (self._card or {}).get("max_model_len")
        return length if isinstance(length, int) else 0

    @property
    def card(self) -> dict[str, Any]:
        """What the server says of its model; empty while it is not well."""
        return self._card or {}

    def mark_down(self) -> None:
        """Take the server as gone until it is seen again."""
        self._card = None

    async def look(self) -> None:
        """Ask the server how it is, and which model it has where that is not known."""
        if self._http is None:
            return
        try:
            if self._backend.health:
                await self._get(self._http, self._backend.health)
            if not (self._backend.health and self._card):
                self._card = self._chosen(model_cards(await self._get(self._http, "models")))
        except (httpx.HTTPError, RequestError) as error:
            was_well, self._card, self.problem = self.is_ready, None, _told(error)
            if was_well:
                logger.warning("The engine cannot answer: %s", self.problem)
        else:
            self.problem = ""

    async def answer(self, question: Question) -> AsyncGenerator[Piece]:
        """Yield the answer piece by piece; closing the generator closes the connection.

        Raises:
            RequestError: the server refuses the question, or a setting is out of range.
            EngineFailure: the server is not there, breaks off, falls silent or sends what cannot be understood.
        """
        self._num_waiting += 1
        is_begun = False
        try:
            async with aclosing(self._pieces(question)) as pieces:
                async for piece in pieces:
                    if not is_begun:
                        is_begun = True
                        self._num_waiting -= 1
                        self._num_running += 1
                    yield piece
        finally:
            if is_begun:
                self._num_running -= 1
            else:
                self._num_waiting -= 1

    async def _pieces(self, question: Question) -> AsyncGenerator[Piece]:
        if self._http is None or self._card is None:
            raise EngineFailure("the engine is not ready", do="send the request again later")
        body, num_prompt_tokens = await asyncio.to_thread(self._body, question, str(self._card["id"]))
        reading = RemoteAnswer(question, num_prompt_tokens=num_prompt_tokens, max_tokens=body["max_tokens"])
        async with self._stream(self._http, body) as received, aclosing(chunks(received)) as parts:
            try:
                async for chunk in parts:
                    for piece in reading.take(chunk):
                        yield piece
            except httpx.HTTPError:
                if not reading.is_finished:
                    raise
        yield reading.last()

    @asynccontextmanager
    async def _stream(self, http: httpx.AsyncClient, body: dict[str, Any]) -> AsyncGenerator[AsyncIterator[bytes]]:
        """Open the answer, with whatever goes wrong with it as an error of ours."""
        try:
            async with http.stream("POST", self._root.join("chat/completions"), json=body) as response:
                _check_status(response)
                yield response.aiter_bytes()
        except httpx.ConnectError as error:
            self.mark_down()
            raise EngineFailure("the engine cannot be reached", do="send the request again later") from error
        except httpx.TimeoutException as error:
            raise EngineFailure("the engine fell silent", do="send the request again later") from error
        except (httpx.HTTPError, httpx.StreamError) as error:
            self.mark_down()  # it may be gone; the next look tells
            raise EngineFailure("the engine broke off", do="send the request again") from error

    def _body(self, question: Question, model: str) -> tuple[dict[str, Any], int]:
        """Write the request, and count the tokens of the question where that can be done here."""
        num_prompt_tokens = self._prompts.count(question.messages) if self._prompts else 0
        _check(question, num_prompt_tokens, self.max_length)
        messages = self._prompts.as_words(question.messages) if self._prompts else question.messages
        room = max(1, self.max_length - num_prompt_tokens) if self.max_length else self._default_max_tokens
        usual = min(self._default_max_tokens, room)
        body: dict[str, Any] = {
            "model": model,
            "messages": chat_messages(messages, question.images),
            "max_tokens": usual if question.max_tokens is None else question.max_tokens,
            "temperature": question.temperature,
            "top_p": question.top_p,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        if question.seed is not None:
            body["seed"] = question.seed
        if question.stops:
            body["stop"] = list(question.stops)
        if question.options or question.top_logprobs is not None:
            body["logprobs"] = True
            body["top_logprobs"] = _MOST_TOP_LOGPROBS if question.options else question.top_logprobs
        return body, num_prompt_tokens

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(self._backend.look_s)
            await self.look()

    async def _get(self, http: httpx.AsyncClient, address: str) -> httpx.Response:
        response = await http.get(self._root.join(address), timeout=self._backend.look_timeout_s)
        return response.raise_for_status()

    def _chosen(self, cards: dict[str, dict[str, Any]]) -> dict[str, Any]:
        name = self._backend.model or (next(iter(cards)) if len(cards) == 1 else None)
        if name is None or name not in cards:
            got, do = ", ".join(cards)[:300] or "none", "choose one with --name"
            raise RequestError("models of the engine", got=got, expected=name or "one", do=do)
        told, expected = cards[name].get("revision"), self._backend.revision
        if told and expected and told != expected:
            raise RequestError("weights of the engine", got=f"revision {told}", expected=expected)
        return cards[name]

    def _client(self) -> httpx.AsyncClient:
        key = self._backend.api_key
        socket = str(self._backend.socket) if self._backend.socket else None
        return httpx.AsyncClient(
            # As many connections as there are questions; no proxy of the environment: they stay in the house.
            transport=httpx.AsyncHTTPTransport(uds=socket, limits=httpx.Limits(), trust_env=False),
            timeout=httpx.Timeout(self._backend.silence_s, connect=_CONNECT_S),
            headers={"Accept-Encoding": "identity", **({"Authorization": f"Bearer {key}"} if key else {})},
        )


def _check(question: Question, num_prompt_tokens: int, max_length: int) -> None:
    """Refuse what a local engine would refuse, in the same words, as far as it can be known here."""
    like_it = Request(
        prompt_ids=(0,) * max(1, num_prompt_tokens),
        max_tokens=1 if question.max_tokens is None else question.max_tokens,
        temperature=question.temperature,
        top_p=question.top_p,
    )
    if max_length:
        like_it.check_length(max_length)


def _told(error: httpx.HTTPError | RequestError) -> str:
    """Return what is wrong with a server, for our own log."""
    if isinstance(error, httpx.HTTPStatusError):
        status = error.response.status_code
        why = ", its key (DOCTORSUN_ENGINE_KEY) is missing or wrong" if status in _BAD_KEY else ""
        return f"status {status}{why}"
    return str(error) or type(error).__name__


def _check_status(response: httpx.Response) -> None:
    """Let a stream pass; the words of a refusal may hold what others said, and stay here."""
    if response.is_success:
        return
    if response.status_code in _BAD_QUESTION:
        raise RequestError(
            "request",
            got=f"a refusal by the engine (status {response.status_code})",
            expected="words, pictures and limits that the model can take",
            do="shorten the question, or ask for fewer tokens",
        )
    logger.warning("the engine refused a question (status %d)", response.status_code)
    raise EngineFailure("the engine refuses to answer now", do="send the request again later")
