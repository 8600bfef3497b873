"""Asking a server that speaks the OpenAI chat API, with retries."""

import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self

import httpx

from doctorsun.endpoint.messages import chat_messages
from doctorsun.endpoint.pace import Pace
from doctorsun.endpoint.replies import Completion, completion, model_cards, pieces, refusal, retry_after_s
from doctorsun.errors import RequestError
from doctorsun.schema import Message

_RETRIED = frozenset({408, 409, 429, 500, 502, 503, 504})
_MAX_WAIT_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where and how to ask.

    Attributes:
        url: up to and including the version, such as ``http://localhost:8000/v1``; where it ends with the host,
            ``/v1`` is meant.
        model: the model's name on that server.
        timeout_s: the longest silence of the server.
        max_attempts: how often a request is sent before giving up.
        max_per_minute: requests sent in a minute by all threads together, those sent again included.
        backoff_s: wait before the second attempt; doubles each time; the server's ``Retry-After`` goes before it.
    """

    url: str
    model: str
    api_key: str | None = None
    timeout_s: float = 120.0
    max_attempts: int = 5
    backoff_s: float = 0.5
    max_per_minute: float | None = None


class EndpointClient:
    """Sends conversations and returns answers; close it, or use it in a ``with`` block.

    Args:
        endpoint: where and how to ask.
        transport: replaces the network, for tests and for Unix sockets.
        sleep: waits the given seconds between attempts.

    Raises:
        RequestError: the URL is none.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        headers = {"Authorization": f"Bearer {endpoint.api_key}"} if endpoint.api_key else {}
        self._endpoint = endpoint
        self._sleep = sleep
        self._pace = Pace(endpoint.max_per_minute, sleep=sleep)
        self._http = httpx.Client(
            base_url=api_root(endpoint.url), headers=headers, timeout=endpoint.timeout_s, transport=transport
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def models(self) -> dict[str, dict[str, Any]]:
        """Return what the server says of each model that it offers, by name.

        Raises:
            RequestError: the server refuses, fails or cannot be reached.
        """
        with self._send("GET", "models", None) as response:
            return model_cards(response)

    def complete(
        self, messages: Sequence[Message], images: Sequence[bytes] = (), **settings: float | list[str]
    ) -> Completion:
        """Return the whole answer to a conversation; one that breaks off is asked for again.

        Args:
            messages: the conversation.
            images: PNG or JPEG bytes in the order in which the messages show them.
            settings: fields of the request, such as ``max_tokens``, ``temperature``, ``seed``, ``stop``.

        Raises:
            RequestError: the server refuses, fails or cannot be reached, or its answer cannot be understood.
        """
        body = self._body(messages, images, settings)
        with self._send("POST", "chat/completions", body, is_whole=True) as response:
            return completion(response)

    def stream(
        self, messages: Sequence[Message], images: Sequence[bytes] = (), **settings: float | list[str]
    ) -> Iterator[str]:
        """Yield the answer to a conversation piece by piece; arguments and errors as in ``complete``.

        An answer that breaks off is an error and is not asked again, since part of it was already given.
        """
        body = {**self._body(messages, images, settings), "stream": True}
        with self._send("POST", "chat/completions", body) as response:
            yield from pieces(response)

    def _body(
        self, messages: Sequence[Message], images: Sequence[bytes], settings: Mapping[str, float | list[str]]
    ) -> dict[str, Any]:
        return {"model": self._endpoint.model, "messages": chat_messages(messages, images), **settings}

    @contextmanager
    def _send(
        self, method: str, path: str, body: dict[str, Any] | None, *, is_whole: bool = False
    ) -> Generator[httpx.Response, None, None]:
        """Open a successful response, whose body is still to be read unless the whole is wanted."""
        response = self._successful(method, path, body, is_whole=is_whole)
        try:
            yield response
        finally:
            response.close()

    def _successful(self, method: str, path: str, body: dict[str, Any] | None, *, is_whole: bool) -> httpx.Response:
        """Send a request, again where that can help."""
        attempt = 0
        while True:
            attempt += 1
            is_last = attempt >= self._endpoint.max_attempts
            wait_s = self._endpoint.backoff_s * 2 ** (attempt - 1)
            self._pace.wait()
            try:
                response = self._http.send(self._http.build_request(method, path, json=body), stream=True)
                if response.is_success and not is_whole:
                    return response
                response.read()
                if response.is_success:
                    return response
            except httpx.TransportError as error:
                if is_last:
                    raise self._unreachable(error) from error
            else:
                if is_last or response.status_code not in _RETRIED:
                    raise refusal(response)
                wait_s = retry_after_s(response, wait_s)
            self._sleep(min(wait_s, _MAX_WAIT_S))

    def _unreachable(self, error: httpx.TransportError) -> RequestError:
        what = f"server {self._endpoint.url}"
        return RequestError(what, got=str(error) or type(error).__name__, expected="an answer", do="is it running?")


def api_root(text: str) -> httpx.URL:
    """Return where the API's routes begin: what is given, with ``/v1`` behind a bare host.

    Raises:
        RequestError: it is no URL.
    """
    try:
        url = httpx.URL(text.rstrip("/") + "/")
    except httpx.InvalidURL as error:
        expected = "a URL such as http://127.0.0.1:8000/v1"
        raise RequestError(f"server {text}", got=str(error), expected=expected) from error
    return url.join("v1/") if url.path == "/" else url
