"""Messages between the gateway and a decoding process: a length, JSON, a length, bytes; nothing that runs as code."""

import json
import socket
import struct
import time
from dataclasses import dataclass
from typing import Any

_HEAD = struct.Struct(">IQ")
MAX_JSON_BYTES = 16 * 2**20
MAX_DATA_BYTES = 512 * 2**20


@dataclass(frozen=True, slots=True)
class Channel:
    """One end of a connection.

    Raises:
        EOFError: the other end is gone (in every method).
        ValueError: what came is no message (when receiving).
        TimeoutError: the deadline passed (in every method).
    """

    connection: socket.socket

    def send(self, message: dict[str, Any], data: bytes = b"", *, deadline: float | None = None) -> None:
        """Send a message; ``deadline`` is a time of `time.monotonic`."""
        text = json.dumps(message).encode()
        try:
            for part in (_HEAD.pack(len(text), len(data)) + text, data):
                self._wait_until(deadline)
                self.connection.sendall(part)
        except (BrokenPipeError, ConnectionResetError) as error:
            raise EOFError from error

    def receive(self, *, deadline: float | None = None) -> tuple[dict[str, Any], bytes]:
        """Wait for a message."""
        json_bytes, data_bytes = _HEAD.unpack(self._exactly(_HEAD.size, deadline))
        if json_bytes > MAX_JSON_BYTES or data_bytes > MAX_DATA_BYTES:
            raise ValueError("a message that is too large")
        message = json.loads(self._exactly(json_bytes, deadline))
        if not isinstance(message, dict):
            raise ValueError("a message that is no object")  # noqa: TRY004 (the protocol, not a type of ours)
        return message, bytes(self._exactly(data_bytes, deadline))

    def _exactly(self, number: int, deadline: float | None) -> bytearray:
        received = bytearray()
        while len(received) < number:
            self._wait_until(deadline)
            try:
                chunk = self.connection.recv(min(number - len(received), 2**20))
            except ConnectionResetError as error:
                raise EOFError from error
            if not chunk:
                raise EOFError
            received += chunk
        return received

    def _wait_until(self, deadline: float | None) -> None:
        if deadline is None:
            return
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self.connection.settimeout(left)
