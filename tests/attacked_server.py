"""A server as it would stand in a ward: a key, an audit log, studies and reports, and an engine that says one thing.

Attacks need raw bytes, which no client library would send: `Ward.raw` gives a socket.
"""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from fastapi import FastAPI

from doctorsun.processor.chat_template import ChatTemplate
from doctorsun.processor.image_processor import ImageProcessor
from doctorsun.processor.processor import Processor
from doctorsun.processor.tokenizer import train_tokenizer
from doctorsun.serve.app import create_app
from doctorsun.serve.audit import open_audit
from doctorsun.serve.keys import one_key
from doctorsun.serve.patient_protocol import PatientProtocol
from doctorsun.serve.settings import ServeSettings
from serve_fakes import ScriptedEngine, ThreadedChat, serving

KEY = "KEYXQZW"
ANSWER = "<script>alert(1)</script><img src=x onerror=alert(2)> javascript:alert(3)"
CHAT = "/v1/chat/completions"
MAX_BODY_BYTES = 200_000


class Impatient(PatientProtocol):
    """Waits much shorter."""

    patience_s = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Ward:
    """The server under attack."""

    url: str
    state: Path
    engine: ScriptedEngine
    app: FastAPI

    def client(self, key: str | None = KEY, address: str = "127.0.0.1") -> httpx.Client:
        """Return a client, with the right key unless another one is given, at an address of this machine."""
        headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        transport = httpx.HTTPTransport(local_address=address)
        return httpx.Client(base_url=self.url, headers=headers, timeout=30, transport=transport)

    @contextmanager
    def raw(self, sent: bytes = b"") -> Iterator[socket.socket]:
        """Open a connection and send some bytes."""
        parts = urlsplit(self.url)
        with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=30) as connection:
            connection.sendall(sent)
            yield connection


def read_all(connection: socket.socket) -> bytes:
    """Read until the server closes the connection."""
    received = bytearray()
    try:
        while piece := connection.recv(65536):
            received += piece
    except ConnectionResetError:  # closed while we were still sending
        pass
    return bytes(received)


@contextmanager
def attacked_server(state: Path) -> Iterator[Ward]:
    """Serve while the block runs."""
    tokenizer = train_tokenizer(["The left lung shows a nodule. 左肺有结节。"], 300)
    processor = Processor(tokenizer, ChatTemplate(), ImageProcessor(size=32, fit="pad"), num_visual_tokens=4)
    engine = ScriptedEngine(tokenizer.encode(ANSWER, add_special_tokens=False).ids, end_id=processor.stop_ids[0])
    settings = ServeSettings(
        model_name="sun",
        revision="abc123",
        keys=one_key(KEY),
        max_open=4,
        max_body_bytes=MAX_BODY_BYTES,
        max_images=2,
        max_image_pixels=1_000_000,
        body_timeout_s=0.3,
    )
    with open_audit(state / "audit.jsonl") as audit:
        app = create_app(
            ThreadedChat(engine, processor),
            settings,
            images=processor.images,
            studies=state / "studies",
            audit=audit,
            reports=state / "reports.jsonl",
        )
        with serving(app, Impatient) as url:
            yield Ward(url=url, state=state, engine=engine, app=app)
