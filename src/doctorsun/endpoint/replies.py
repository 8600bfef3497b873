"""Reading what a server with the OpenAI chat API sends back."""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple, TypeVar

import httpx

from doctorsun.errors import RequestError

T = TypeVar("T", str, bytes)

_NO_VALID_KEY = 401


class Completion(NamedTuple):
    """A whole answer, and how many tokens the server counted in it (0 where it does not say)."""

    text: str
    finish: str
    num_tokens: int


def retry_after_s(response: httpx.Response, otherwise: float) -> float:
    """Return how long the server asks to wait; its other form, a date, is left to our own schedule.

    Source: RFC 9110, 10.2.3.
    """
    wish = response.headers.get("Retry-After", "")
    return float(wish) if wish.isdecimal() else otherwise


def refusal(response: httpx.Response) -> RequestError:
    """Return a refusal as an error with the server's own reason."""
    try:
        reason = str(response.json()["error"]["message"])
    except (ValueError, KeyError, TypeError):
        reason = response.text[:300]
    got = f"status {response.status_code}: {reason}"
    do = "set DOCTORSUN_API_KEY to the server's key" if response.status_code == _NO_VALID_KEY else ""
    return RequestError(f"request to {response.url}", got=got, expected="an answer", do=do)


def model_cards(response: httpx.Response) -> dict[str, dict[str, Any]]:
    """Return what a server says of each model that it offers, by name.

    Raises:
        RequestError: the response holds no list of models.
    """
    value = _json(response)
    try:
        return {model["id"]: model for model in value["data"]}
    except (KeyError, TypeError) as error:
        raise _not_understood(json.dumps(value)) from error


def completion(response: httpx.Response) -> Completion:
    """Return the whole answer that a response holds.

    Raises:
        RequestError: it holds none.
    """
    value = _json(response)
    try:
        choice, usage = value["choices"][0], value.get("usage") or {}
        return Completion(
            choice["message"]["content"] or "", choice["finish_reason"], usage.get("completion_tokens", 0)
        )
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        raise _not_understood(json.dumps(value)) from error


def pieces(response: httpx.Response) -> Iterator[str]:
    """Yield the text of a stream of server-sent events.

    Raises:
        RequestError: the stream breaks off, brings an error or cannot be understood.
    """
    for line in _unbroken(response.iter_lines()):
        if line == "data: [DONE]":
            return
        if line.startswith("data: "):
            text = _piece(line.removeprefix("data: "))
            if text:
                yield text
    raise RequestError("answer of the server", got="an end without [DONE]", expected="a whole answer")


def _piece(event: str) -> str:
    try:
        chunk = json.loads(event)
        if "error" not in chunk:
            return "".join(choice["delta"].get("content") or "" for choice in chunk["choices"])
        reason = str(chunk["error"]["message"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _not_understood(event) from error
    raise RequestError("answer of the server", got=reason, expected="a whole answer")


def _json(response: httpx.Response) -> Any:
    body = b"".join(_unbroken(response.iter_bytes()))
    try:
        return json.loads(body)
    except ValueError as error:
        raise _not_understood(body.decode(errors="replace")) from error


def _unbroken(parts: Iterator[T]) -> Iterator[T]:
    """Pass on what a response brings; a connection that breaks is our error."""
    try:
        yield from parts
    except httpx.TransportError as error:
        got = str(error) or type(error).__name__
        raise RequestError("answer of the server", got=got, expected="a whole answer") from error


def _not_understood(answer: str) -> RequestError:
    return RequestError("answer of the server", got=answer[:300], expected="the OpenAI chat format")
