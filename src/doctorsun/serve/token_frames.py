"""What the gateway and its engine process tell each other: values on a Unix socket, each a length and a pickle."""

import asyncio
import pickle
import select
import socket
import struct
from dataclasses import dataclass
from typing import Any

from doctorsun.errors import DoctorSunError
from doctorsun.generate.request import Request, Token

_LENGTH = struct.Struct("!I")
_MOST_BYTES = 2**20  # of one look at the socket

Events = list[tuple[int, Token | DoctorSunError]]
"""What one step brought, for each answer: its number, and a token or why there is none."""


@dataclass(frozen=True, slots=True)
class Hello:
    """The engine's first words, where it could load its weights; an error otherwise.

    Attributes:
        max_length: the most tokens of prompt and answer together.
        revision: of its weights.
    """

    max_length: int
    revision: str


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, under a number of the gateway's choice."""

    number: int
    request: Request


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """A request that nobody waits for any more."""

    number: int


def frame(value: Hello | DoctorSunError | Asked | Withdrawn | Events) -> bytes:
    """Return a value as it goes over the socket."""
    data = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
    return _LENGTH.pack(len(data)) + data


async def next_value(reader: asyncio.StreamReader) -> Any:
    """Return the next value of a stream.

    Raises:
        IncompleteReadError: the other end has closed it.
    """
    (length,) = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
    return _value(await reader.readexactly(length))


class FrameSocket:
    """A connected socket that is read between the steps of an engine.

    Args:
        connection: to the gateway.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._received = bytearray()

    def send(self, value: Hello | DoctorSunError | Events) -> None:
        """Send a value, waiting until the other end has room for it."""
        self._connection.sendall(frame(value))

    def receive(self, *, wait: bool) -> list[Asked | Withdrawn]:
        """Return the values that have come.

        Args:
            wait: for some bytes at least; otherwise there may be no value.

        Raises:
            EOFError: the other end has closed the connection.
        """
        if not select.select([self._connection], [], [], None if wait else 0)[0]:
            return []
        data = self._connection.recv(_MOST_BYTES)
        if not data:
            raise EOFError
        self._received += data
        return self._whole_values()

    def _whole_values(self) -> list[Asked | Withdrawn]:
        values: list[Asked | Withdrawn] = []
        while len(self._received) >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._received)
            end = _LENGTH.size + length
            if len(self._received) < end:
                break
            values.append(_value(bytes(self._received[_LENGTH.size : end])))
            del self._received[:end]
        return values


def _value(data: bytes) -> Any:
    return pickle.loads(data)  # noqa: S301 (the other end is our own process; what clients send is plain data in it)
