import json
import socket
import struct
import time
from collections.abc import Iterator

import pytest

from doctorsun.image.sandbox_channel import MAX_DATA_BYTES, MAX_JSON_BYTES, Channel


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def message(value: object, data: bytes = b"") -> bytes:
    text = json.dumps(value).encode()
    return struct.pack(">IQ", len(text), len(data)) + text + data


def test_messages_arrive_as_they_were_sent(ends: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = map(Channel, ends)
    ours.send({"do": "render", "window": "肺"}, b"\x00\xff")
    ours.send({})
    assert theirs.receive() == ({"do": "render", "window": "肺"}, b"\x00\xff")
    assert theirs.receive(deadline=time.monotonic() + 60) == ({}, b"")


@pytest.mark.parametrize(
    "sent",
    [
        struct.pack(">IQ", MAX_JSON_BYTES + 1, 0),
        struct.pack(">IQ", 2, MAX_DATA_BYTES + 1) + b"{}",
        struct.pack(">IQ", 4, 0) + b"nope",
        struct.pack(">IQ", 2, 0) + b"\xff\xfe",
        message(["a", "list"]),
        message(None),
    ],
)
def test_what_is_no_message_is_refused(ends: tuple[socket.socket, socket.socket], sent: bytes) -> None:
    ours, theirs = ends
    theirs.sendall(sent)
    with pytest.raises(ValueError):  # noqa: PT011 (json's own too)
        Channel(ours).receive(deadline=time.monotonic() + 60)


@pytest.mark.parametrize("sent", [b"", b"\x00\x00", message({}, b"123")[:-1]])
def test_an_end_that_is_gone_is_told(ends: tuple[socket.socket, socket.socket], sent: bytes) -> None:
    ours, theirs = ends
    theirs.sendall(sent)
    theirs.close()
    with pytest.raises(EOFError):
        Channel(ours).receive()
    with pytest.raises(EOFError):
        Channel(ours).send({}, bytes(2**22))


def test_a_deadline_holds_for_the_whole_message(ends: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = ends
    theirs.sendall(message({}, b"123")[:-1])
    with pytest.raises(TimeoutError):
        Channel(ours).receive(deadline=time.monotonic() + 0.05)
    with pytest.raises(TimeoutError):
        Channel(ours).receive(deadline=time.monotonic() - 1)
    with pytest.raises(TimeoutError):
        Channel(ours).send({}, bytes(2**26), deadline=time.monotonic() + 0.05)
