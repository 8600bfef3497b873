"""Which requests the audit log tells of, and what: facts about them, never what they say."""

from collections.abc import Mapping
from typing import Any

from fastapi import Request as HttpRequest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from doctorsun.serve.answered import Answered
from doctorsun.serve.audit import AuditLog, Event

_DONE: Mapping[str, Event] = {
    "POST /v1/studies": "study",
    "DELETE /v1/studies/{study_id}": "study",
    "POST /v1/reports": "report",
}
"""What is told though it is no answer and nothing was refused."""
_FIRST_REFUSAL = 400
_UNAUTHORIZED = 401
_CLIENT_CLOSED_REQUEST = 499


class Ledger:
    """Brings together what the routes, the engine's watch and the gate know of a request.

    Args:
        audit: the log; None keeps none.
        revision: of the weights that answer.
    """

    def __init__(self, audit: AuditLog | None, revision: str) -> None:
        self._audit = audit
        self._revision = revision
        self._answered: dict[str, Answered] = {}

    async def begin(self, http: HttpRequest) -> None:
        """Record that a question goes to the engine; it may go only when this returns.

        Raises:
            AuditFailure: it cannot be recorded.
        """
        if self._audit:
            await self._audit.require("question", **self._facts(http.scope))

    def tell(self, answered: Answered) -> None:
        """Take what became of a question; it is recorded when its request ends."""
        if self._audit:
            self._answered[answered.request_id] = answered

    def end(self, scope: Scope, status: int) -> None:
        """Record a request that was answered, if the log tells of such."""
        if self._audit is None:
            return
        facts = self._facts(scope)
        answered = self._answered.pop(scope["state"]["request_id"], None)
        if answered:
            self._audit.record("answer", **facts | {"status": status} | _told(answered))
        elif _was_refused(scope, status):
            self._audit.record("refused", **facts, status=status)
        elif status < _FIRST_REFUSAL and facts["route"] in _DONE:
            self._audit.record(_DONE[facts["route"]], **facts, status=status)

    def _facts(self, scope: Scope) -> dict[str, Any]:
        state = scope["state"]
        return {
            "key": state.get("client"),
            "request_id": state["request_id"],
            "route": f"{scope['method']} {getattr(scope.get('route'), 'path', '')}",
            "model_revision": self._revision,
            "images": state.get("images"),
        }


class AuditRequests:
    """Middleware that closes the ledger's page of each request; it stands inside the one that gives requests ids."""

    def __init__(self, app: ASGIApp, ledger: Ledger) -> None:
        self._app = app
        self._ledger = ledger

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on and record what became of it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 500

        async def send_watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, send_watched)
        finally:
            self._ledger.end(scope, status)


def _told(answered: Answered) -> dict[str, Any]:
    return {
        "images": answered.images,
        "num_prompt_tokens": answered.num_prompt_tokens,
        "num_tokens": answered.num_tokens,
        "outcome": answered.outcome,
    }


def _was_refused(scope: Scope, status: int) -> bool:
    """Whether a client that is known, or presented a wrong key, was refused.

    Others, and those that try too many keys, could fill the disk with their refusals.
    """
    if status == _UNAUTHORIZED:
        return any(name == b"authorization" for name, _ in scope["headers"])
    return status >= _FIRST_REFUSAL and status != _CLIENT_CLOSED_REQUEST and "client" in scope["state"]
