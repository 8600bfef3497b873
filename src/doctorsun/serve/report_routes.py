"""The route by which people report a wrong answer: into a file of the server, for its operators alone."""

import json
import threading
import uuid
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter, HTTPException
from fastapi import Request as HttpRequest
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.concurrency import run_in_threadpool

from doctorsun.errors import MachineError, RequestError
from doctorsun.serve.audit import utc_now
from doctorsun.serve.doors import Doors
from doctorsun.serve.gateway import check_key, read_json
from doctorsun.serve.openai.answers import ErrorBody, refusals
from doctorsun.serve.openai.complaint import refusal
from doctorsun.serve.settings import ServeSettings
from doctorsun.storage.appended import append_line

MAX_REPORT_BYTES = 2**18
MAX_FILE_BYTES = 2**28
"""A file of this size takes no more reports; somebody should have read them."""
_SECONDS_FOR_A_REPORT = 30.0
_Id = Annotated[str, Field(min_length=1, max_length=100)]
_Words = Annotated[str, Field(max_length=50_000)]
_NO_ROOM = 507


class ReportBody(BaseModel):
    """What somebody says about an answer; ``expected`` is what they hold to be right."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    answer_id: _Id
    reason: Annotated[str, Field(min_length=1, max_length=5_000)]
    question: _Words
    answer: _Words
    expected: _Words | None = None


_BODY = {"required": True, "content": {"application/json": {"schema": ReportBody.model_json_schema()}}}
_RESPONSES: dict[int | str, dict[str, Any]] = {
    **refusals(400, 401, 408, 413, 415, 429),
    507: {"model": ErrorBody, "description": "No room for more reports."},
}


class ReportReply(BaseModel):
    """What the sender of a report is told."""

    id: str
    object: Literal["report"]
    created: str


class Reports:
    """The file of reports.

    Args:
        path: a line of JSON for each.
        revision: of the weights whose answers are reported.
    """

    def __init__(self, path: Path, revision: str) -> None:
        self._path = path
        self._revision = revision
        self._lock = threading.Lock()

    def add(self, body: ReportBody, client: str) -> ReportReply:
        """Add a report, which is on the disk when this returns; return what its sender is told.

        Raises:
            MachineError: there is no room for it.
            DataError: the file cannot be written.
        """
        reply = ReportReply(id=f"report-{uuid.uuid4().hex}", object="report", created=utc_now())
        facts = {"key": client, "model_revision": self._revision}
        line = json.dumps(reply.model_dump() | facts | body.model_dump(exclude_none=True), ensure_ascii=False)
        with self._lock:
            if self._path.exists() and self._path.stat().st_size > MAX_FILE_BYTES:
                raise MachineError("reports", got="a full file", do="read and move it away")
            append_line(self._path, line, mode=0o600)
        return reply


def report_router(reports: Reports, settings: ServeSettings, memory: Doors) -> APIRouter:
    """Return the route of reports; ``memory`` gives room to their bytes."""
    router = APIRouter(prefix="/v1")

    @router.post("/reports", status_code=201, responses=_RESPONSES, openapi_extra={"requestBody": _BODY})
    async def report(http: HttpRequest) -> ReportReply:
        """Report a wrong answer; what is sent stays on the server until its operators remove it."""
        client = check_key(http, settings)
        with memory.room(client) as hold:
            body = read_report(await read_json(http, MAX_REPORT_BYTES, _SECONDS_FOR_A_REPORT, hold))
        try:
            return await run_in_threadpool(reports.add, body, client)
        except MachineError as error:
            no_room = RequestError("reports on this server", got="no room left", do="tell its operators")
            raise HTTPException(_NO_ROOM, no_room.text()) from error

    return router


def read_report(data: bytes) -> ReportBody:
    """Parse a report.

    Raises:
        RequestError: it is no JSON, or a field is unknown, missing or of the wrong kind.
    """
    try:
        return ReportBody.model_validate_json(data)
    except ValidationError as error:
        raise refusal(error, data) from error
