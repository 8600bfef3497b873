"""A small HTTP server with the OpenAI chat API, on this machine, that can fail as it is told to."""

import json
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from types import TracebackType
from typing import Any, Self


class ChatServer(ThreadingHTTPServer):
    """Offers the model ``sun`` and answers in the words that ``reply`` finds; use it in a ``with`` block.

    Attributes:
        asked: the last message of every request, as text.
        faults: for words that a message ends with, what goes wrong with the next requests that end so: a status,
            ``cut`` (the connection closes) or ``half`` (the answer breaks off).
        card: what it says of its model beside the name.
    """

    daemon_threads = True

    def __init__(self, reply: Callable[[str], str]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.reply = reply
        self.asked: list[str] = []
        self.faults: dict[str, list[str]] = {}
        self.card: dict[str, Any] = {}
        self._lock = Lock()
        self._thread = Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01})

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def fault(self, words: str) -> str:
        """Note what was asked, and return what shall go wrong; empty for nothing."""
        with self._lock:
            self.asked.append(words)
            planned = next((faults for end, faults in self.faults.items() if words.endswith(end) and faults), [])
            return planned.pop(0) if planned else ""


class _Handler(BaseHTTPRequestHandler):
    server: ChatServer  # pyright: ignore[reportIncompatibleVariableOverride]

    def do_GET(self) -> None:
        self._send(200, {"data": [{"id": "sun", **self.server.card}]})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        content = body["messages"][-1]["content"]
        words = content if isinstance(content, str) else "".join(part.get("text", "") for part in content)
        fault = self.server.fault(words)
        if fault == "cut":
            self.connection.close()
        elif fault == "half":
            self.send_response(200)
            self.send_header("Content-Length", "500")
            self.end_headers()
            self.wfile.write(b'{"choices": [')
            self.close_connection = True
        elif fault:
            self._send(int(fault), {"error": {"message": "not now"}})
        else:
            choice = {"message": {"content": self.server.reply(words)}, "finish_reason": "stop"}
            self._send(200, {"choices": [choice], "usage": {"completion_tokens": 2}})

    def _send(self, status: int, value: dict[str, Any]) -> None:
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Retry-After", "0")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (its name there)
        """Say nothing."""
