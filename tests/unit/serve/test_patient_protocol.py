"""Connections on which nothing comes to its end are closed; those that work are not."""

import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from fastapi import FastAPI, Request

from doctorsun.serve.patient_protocol import PatientProtocol
from serve_fakes import serving


class Impatient(PatientProtocol):
    patience_s = 0.2


@pytest.fixture(scope="module")
def address() -> Iterator[tuple[str, int]]:
    app = FastAPI()

    @app.post("/read")
    async def read(http: Request) -> int:
        return len(await http.body())

    @app.post("/refuse")
    async def refuse() -> int:
        return 0

    with serving(app, Impatient) as url:
        yield urlsplit(url).hostname or "", urlsplit(url).port or 0


def until_closed(connection: socket.socket) -> bytes:
    return b"".join(iter(lambda: connection.recv(65536), b""))


@pytest.mark.parametrize("sent", [b"", b"POST /re", b"POST /read HTTP/1.1\r\n"], ids=["nothing", "line", "head"])
def test_a_head_without_end_is_given_up(address: tuple[str, int], sent: bytes) -> None:
    with socket.create_connection(address, timeout=30) as connection:
        connection.sendall(sent)
        assert until_closed(connection) == b""


def test_a_second_head_without_end_is_given_up(address: tuple[str, int]) -> None:
    with socket.create_connection(address, timeout=30) as connection:
        connection.sendall(b"POST /refuse HTTP/1.1\r\nHost: a\r\n\r\nPOST")
        assert until_closed(connection).count(b"HTTP/1.1 200") == 1


def test_a_body_that_nobody_reads_is_given_up(address: tuple[str, int]) -> None:
    with socket.create_connection(address, timeout=30) as connection:
        connection.sendall(b"POST /refuse HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nx")
        assert until_closed(connection).startswith(b"HTTP/1.1 200")


def test_a_body_that_is_read_may_take_its_time(address: tuple[str, int]) -> None:
    """Whoever reads it has the time limit: here a second connection is given up meanwhile, and this one is not."""
    with (
        socket.create_connection(address, timeout=30) as slow,
        socket.create_connection(address, timeout=30) as other,
    ):
        slow.sendall(b"POST /read HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nConnection: close\r\n\r\nx")
        assert until_closed(other) == b""
        slow.sendall(b"x")
        assert until_closed(slow).endswith(b"\r\n\r\n2")
