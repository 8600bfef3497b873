"""The gate that answers only requests to this machine's own names, in the shape of the API's refusals."""

import re

from fastapi.responses import JSONResponse
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from doctorsun.errors import RequestError
from doctorsun.serve.openai.reply import error_value

_OWN = re.compile(r"(?:localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?", re.ASCII | re.IGNORECASE)


class AnswerOwnHosts:
    """Middleware for a server on loopback: a page elsewhere may point its own name at this machine.

    Args:
        app: gets the requests that are meant for it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        host = Headers(scope=scope).get("host", "")
        if _OWN.fullmatch(host):
            await self._app(scope, receive, send)
            return
        refusal = RequestError("Host header", got=repr(host[:80]), expected="localhost, 127.0.0.1 or [::1]")
        await JSONResponse(error_value(refusal), 400)(scope, receive, send)
