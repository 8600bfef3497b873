"""A small real HTTP server on this machine, whose answers can be made to fail: cut, wrong, refused, busy."""

import json
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Literal, Self
from urllib.parse import parse_qsl, unquote, urlsplit


@dataclass(frozen=True)
class Asked:
    """One request, with its path and query decoded; ``target`` is both as they came."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = b""
    target: str = ""

    def json(self) -> Any:
        """Return the body read as JSON."""
        return json.loads(self.body)


@dataclass
class Answer:
    """One answer; ``ranged`` ones keep to the range that was asked for."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    ranged: bool = False


@dataclass
class Fault:
    """What happens to the next answers whose method and path match a pattern.

    Attributes:
        kind: ``status`` answers with it; ``cut`` closes the connection after half of the body; ``wrong`` sends other
            bytes of the same number.
        times: how often.
    """

    pattern: str
    kind: Literal["status", "cut", "wrong"] = "status"
    times: int = 1
    status: int = 503
    headers: Mapping[str, str] = field(default_factory=lambda: {"Retry-After": "0"})


def json_answer(content: Any, status: int = 200, **headers: str) -> Answer:
    """Return an answer of JSON."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, json.dumps(content).encode(), {"Content-Type": "application/json", **named})


class Loopback:
    """A server for the length of a ``with`` block.

    Args:
        answer: gives the answer to a request.

    Attributes:
        asked: every request so far, in order.
        faults: what will go wrong.
        url: where it listens.
        storage_url: the same under another name, as hubs keep large files with somebody else.
    """

    def __init__(self, answer: Callable[[Asked], Answer]) -> None:
        self.asked: list[Asked] = []
        self.faults: list[Fault] = []
        self.answer = answer
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"loopback": self}))
        self._server.daemon_threads = True
        port = self._server.server_address[1]
        self.url, self.storage_url = f"http://127.0.0.1:{port}", f"http://localhost:{port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def paths(self, pattern: str) -> list[Asked]:
        """Return the requests so far whose method and path match a pattern."""
        return [asked for asked in self.asked if re.search(pattern, f"{asked.method} {asked.path}")]

    def fault_for(self, asked: Asked) -> Fault | None:
        """Take the fault that strikes a request."""
        for fault in self.faults:
            if fault.times and re.search(fault.pattern, f"{asked.method} {asked.path}"):
                fault.times -= 1
                return fault
        return None


class Handler(BaseHTTPRequestHandler):
    """Reads one request after the other, and answers as its `Loopback` says."""

    loopback: Loopback
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body leave together

    def handle_any(self) -> None:
        parts = urlsplit(self.path)
        body = self.read_body()
        headers = {name.lower(): value for name, value in self.headers.items()}
        asked = Asked(self.command, unquote(parts.path), dict(parse_qsl(parts.query)), headers, body, self.path)
        self.loopback.asked.append(asked)
        fault = self.loopback.fault_for(asked)
        if fault is not None and fault.kind == "status":
            self.send(Answer(fault.status, b'{"error": "made to fail"}', dict(fault.headers)), asked, None)
        else:
            self.send(self.loopback.answer(asked), asked, fault)

    def handle_expect_100(self) -> bool:
        is_right = super().handle_expect_100()
        self.wfile.flush()  # else the client waits a second for leave to send
        return is_right

    def read_body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        chunks: list[bytes] = []
        while size_bytes := int(self.rfile.readline(), 16):
            chunks.append(self.rfile.read(size_bytes))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)

    def send(self, answer: Answer, asked: Asked, fault: Fault | None) -> None:
        status, body = answer.status, answer.body
        span = re.fullmatch(r"bytes=(\d+)-(\d*)", asked.headers.get("range", ""))
        if answer.ranged and span is not None:
            start, stop = int(span[1]), int(span[2] or len(body) - 1) + 1
            answer.headers["Content-Range"] = f"bytes {start}-{min(stop, len(body)) - 1}/{len(body)}"
            status, body = 206, body[start:stop]
        if fault is not None and fault.kind == "wrong":
            body = bytes(byte ^ 0xFF for byte in body)
        self.send_response(status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if asked.method != "HEAD":
            is_cut = fault is not None and fault.kind == "cut"
            self.wfile.write(body[: len(body) // 2] if is_cut else body)
            self.close_connection = self.close_connection or is_cut

    do_GET = do_HEAD = do_POST = do_PUT = handle_any  # noqa: N815 (the names that the base class looks for)

    def log_message(self, *_: object) -> None:
        """Write nothing."""
