"""The gate in front of every route: who may ask, how much, and how refusals look."""

import asyncio
import logging
import math
import uuid

from fastapi import FastAPI, HTTPException
from fastapi import Request as HttpRequest
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException as RoutingException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from doctorsun.errors import DataError, DoctorSunError, RequestError
from doctorsun.serve.doors import Crowded, Hold
from doctorsun.serve.engine import EngineFailure
from doctorsun.serve.keys import TooManyWrongKeys
from doctorsun.serve.metrics import Metrics
from doctorsun.serve.openai.complaint import expected_of
from doctorsun.serve.openai.reply import error_value
from doctorsun.serve.settings import ServeSettings

logger = logging.getLogger(__name__)

_METHOD_NOT_ALLOWED = 405
_CLIENT_CLOSED_REQUEST = 499


def check_key(http: HttpRequest, settings: ServeSettings) -> str:
    """Return the name of the key that a client presents, ``anyone`` where none is needed.

    The name is left in ``http.state.client`` for whoever looks at the request afterwards.

    Raises:
        HTTPException: 401.
        TooManyWrongKeys: there were too many wrong ones from this address.
    """
    http.state.client = _name_of_key(http, settings)
    return http.state.client


def _name_of_key(http: HttpRequest, settings: ServeSettings) -> str:
    if settings.keys is None:
        return "anyone"
    scheme, _, key = http.headers.get("Authorization", "").partition(" ")
    address = http.client.host if http.client else ""
    # Header bytes arrive as Latin-1; the key is what they were. A client without one guesses nothing.
    is_key = scheme.lower() == "bearer" and key
    name = settings.keys.find(key.encode("latin-1"), address) if is_key else None
    if name is None:
        refusal = RequestError("Authorization header", got="no valid key", expected="Bearer and the server's API key")
        raise HTTPException(401, refusal.text(), {"WWW-Authenticate": "Bearer"})
    return name


async def read_json(http: HttpRequest, max_bytes: int, timeout_s: float, hold: Hold) -> bytes:
    """Read a body, at most ``max_bytes`` of it, and no longer than ``timeout_s``; ``hold`` gives room to what has come.

    JSON has to be declared as such: a browser then asks before it sends a page's request from elsewhere, and this
    server never allows that.

    Raises:
        Crowded: the bodies of all requests together are too long.
        HTTPException: 408 when it takes too long, 413 when it is too long, 415 when it is not declared as JSON.
    """
    media_type = http.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise HTTPException(415, RequestError("Content-Type", got=repr(media_type), expected="application/json").text())
    declared = http.headers.get("Content-Length", "")
    if declared.isdecimal() and int(declared[:20]) > max_bytes:
        raise _too_long(max_bytes)
    body = bytearray()
    try:
        async with asyncio.timeout(timeout_s):
            async for chunk in http.stream():
                body += chunk
                if len(body) > max_bytes:
                    raise _too_long(max_bytes)
                hold(len(body))
    except TimeoutError as error:
        refusal = RequestError("request body", got=f"no end after {timeout_s:g} s", expected="all of it by then")
        raise HTTPException(408, refusal.text(), {"Connection": "close"}) from error
    return bytes(body)


def _too_long(max_bytes: int) -> HTTPException:
    refusal = RequestError("request body", got=f"more than {max_bytes} bytes", expected=f"at most {max_bytes}")
    # The connection stays: closed on a client that still sends, it would lose the refusal.
    return HTTPException(413, refusal.text())


class LabelAnswers:
    """Middleware that counts requests and says on every answer which weights gave it, and that it is for research only.

    Each request gets an id of ours; a client's own would let it write what it likes into our log.
    """

    def __init__(self, app: ASGIApp, settings: ServeSettings, metrics: Metrics) -> None:
        self._app = app
        self._headers = {
            "X-Model-Revision": settings.revision,
            "X-Research-Use-Only": "true",
            "X-Content-Type-Options": "nosniff",
        }
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on and label what comes back."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = f"req-{uuid.uuid4().hex}"
        scope.setdefault("state", {})["request_id"] = request_id
        status = 500

        async def send_labelled(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message).update({**self._headers, "X-Request-Id": request_id})
            await send(message)

        try:
            await self._app(scope, receive, send_labelled)
        finally:
            self._metrics.count_request(getattr(scope.get("route"), "path", "other"), status)


def explain_errors(app: FastAPI) -> None:
    """Give every refusal the shape of the OpenAI API; a fault of ours is logged and not explained to clients."""
    app.add_exception_handler(DoctorSunError, _on_our_error)
    app.add_exception_handler(RoutingException, _on_http_error)
    app.add_exception_handler(RequestValidationError, _on_wrong_parameter)
    app.add_exception_handler(ClientDisconnect, _on_disconnect)


async def _on_our_error(_http: HttpRequest, error: Exception) -> Response:
    if isinstance(error, Crowded | TooManyWrongKeys):
        return JSONResponse(error_value(error), 429, {"Retry-After": str(math.ceil(error.wait_s))})
    if isinstance(error, RequestError | DataError):
        return JSONResponse(error_value(error), 400)
    if isinstance(error, EngineFailure):
        return JSONResponse(error_value(error), 503, {"Retry-After": "1"})
    logger.error("a request failed", exc_info=error)
    return JSONResponse(error_value(DoctorSunError("the server failed", do="see its log")), 500)


async def _on_http_error(http: HttpRequest, error: Exception) -> Response:
    if not isinstance(error, RoutingException):
        raise error
    message = error.detail if isinstance(error, HTTPException) else _unrouted(http, error).text()
    value = {"error": {"message": message, "type": "RequestError", "code": "request", "param": None}}
    return JSONResponse(value, error.status_code, error.headers)


async def _on_wrong_parameter(_http: HttpRequest, error: Exception) -> Response:
    """Name what is wrong with the address of a request, in the place where the client wrote it."""
    if not isinstance(error, RequestValidationError):
        raise error
    first = error.errors()[0]
    what = ".".join(str(step) for step in first["loc"])
    refusal = RequestError(what, got=repr(first["input"])[:80], expected=expected_of(first))
    return JSONResponse(error_value(refusal), 400)


def _unrouted(http: HttpRequest, error: RoutingException) -> RequestError:
    """Say why no route took a request: its path, or its method."""
    path = http.url.path
    if error.status_code == _METHOD_NOT_ALLOWED:
        return RequestError(f"method for {path}", got=http.method, expected=(error.headers or {}).get("Allow", ""))
    do = "give clients the address that ends with /v1 as their base URL"
    return RequestError("path", got=repr(path[:80]), expected="/v1/chat/completions or /v1/models", do=do)


async def _on_disconnect(_http: HttpRequest, _error: Exception) -> Response:
    return Response(status_code=_CLIENT_CLOSED_REQUEST)
