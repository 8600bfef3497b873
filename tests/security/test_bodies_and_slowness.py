"""Bodies that lie about their size or never end, and clients that dribble: they end, and hold up nobody else."""

import gzip
import json
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from attacked_server import CHAT, Ward, read_all
from chat_requests import body

HEAD = f"POST {CHAT} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer KEYXQZW\r\nContent-Type: application/json\r\n"
UPLOAD = (
    "POST /v1/studies HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer KEYXQZW\r\n"
    "Content-Type: application/octet-stream\r\n"
)
ASKED = json.dumps(body()).encode()


def head(*lines: str, first: str = HEAD) -> bytes:
    return "".join([first, *(f"{line}\r\n" for line in lines), "\r\n"]).encode()


def status_of(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


def answers(ward: Ward) -> bool:
    with ward.client() as http:
        return http.post(CHAT, json=body()).status_code == 200


def test_a_declared_size_is_refused_before_anything_is_read(ward: Ward) -> None:
    with ward.raw(head("Content-Length: 1000000000000")) as connection:
        assert status_of(read_all(connection)) == 413


@pytest.mark.parametrize(
    "length",
    ["-1", "1e3", "0x10", "9" * 400, "1, 2", "1_0", "\u0661"],
    ids=["negative", "float", "hex", "long", "two", "underscore", "arabic"],
)
def test_a_size_that_is_none_is_refused(ward: Ward, length: str) -> None:
    with ward.raw(head(f"Content-Length: {length}") + ASKED) as connection:
        assert status_of(read_all(connection)) in {400, 413}


def test_two_sizes_are_refused(ward: Ward) -> None:
    """A proxy might believe the other one: that is how requests are smuggled."""
    smuggled = head(f"Content-Length: {len(ASKED)}", "Content-Length: 5") + ASKED
    with ward.raw(smuggled) as connection:
        assert status_of(read_all(connection)) == 400


def test_more_than_was_declared_is_no_part_of_the_request(ward: Ward) -> None:
    with ward.raw(head("Content-Length: 1", "Connection: close") + ASKED) as connection:
        assert status_of(read_all(connection)) == 400


def test_less_than_was_declared_is_given_up(ward: Ward) -> None:
    with ward.raw(head("Content-Length: 5000") + ASKED) as connection:
        assert status_of(read_all(connection)) == 408


def test_chunks_without_end_are_cut_off(ward: Ward) -> None:
    """The refusal comes at once; then the connection stays for a moment, so that a client that still sends sees it."""
    with ward.raw(head("Transfer-Encoding: chunked")) as connection, ThreadPoolExecutor(1) as pool:
        sending = pool.submit(send_chunks, connection, b"x" * 4096)
        assert status_of(read_all(connection)) == 413
        assert sending.result(60) == "cut off"


def send_chunks(connection: socket.socket, chunk: bytes) -> str:
    """Send until the server has had enough."""
    try:
        for _ in range(10**6):
            connection.sendall(f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n")
    except OSError:
        return "cut off"
    return "everything was taken"


def test_packed_bodies_are_not_unpacked(ward: Ward) -> None:
    packed = gzip.compress(b" " * 10**8)
    with ward.client() as http:
        headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
        refused = http.post(CHAT, content=packed, headers=headers)
    assert refused.status_code == 400
    assert "no JSON" in refused.json()["error"]["message"]


def test_bodies_nested_deep_are_refused(ward: Ward) -> None:
    with ward.client() as http:
        for deep in (b"[" * 50_000, b'{"a":' * 30_000, b'{"messages":' + b"[" * 90_000 + b"]" * 90_000 + b"}"):
            refused = http.post(CHAT, content=deep, headers={"Content-Type": "application/json"})
            assert refused.status_code == 400


@pytest.mark.parametrize(
    "begun",
    [b"", b"P", b"POST / HTTP/1.1\r\nHost: local", HEAD.encode()],
    ids=["nothing", "letter", "line", "head"],
)
def test_a_head_that_does_not_end_is_given_up(ward: Ward, begun: bytes) -> None:
    with ward.raw(begun) as connection:
        assert read_all(connection) == b""


def test_a_second_head_that_does_not_end_is_given_up(ward: Ward) -> None:
    with ward.raw(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n") as connection:
        assert status_of(connection.recv(65536)) == 200
        connection.sendall(b"GET /healthz HTT")
        assert b"HTTP/1.1" not in read_all(connection)


def test_a_head_that_dribbles_is_given_up(ward: Ward) -> None:
    with ward.raw(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n") as connection:
        dribble(connection)
        assert read_all(connection) == b""


def test_a_body_after_a_refusal_is_not_waited_for(ward: Ward) -> None:
    """The key is wrong, so nobody reads the body; who goes on to send it does not keep the connection."""
    refused = head("Content-Length: 1000000", first=HEAD.replace("KEYXQZW", "wrong"))
    with ward.raw(refused) as connection:
        assert status_of(connection.recv(65536)) in {401, 429}
        dribble(connection)
        read_all(connection)


def dribble(connection: socket.socket) -> None:
    """Send a byte now and then until the server closes, which it does long before all are sent."""
    connection.settimeout(0.02)
    for _ in range(1000):
        try:
            connection.sendall(b"x")
            if not connection.recv(1):
                break
        except TimeoutError:
            continue
        except OSError:
            break
    else:
        pytest.fail("the connection is still open")
    connection.settimeout(30)


@pytest.mark.parametrize(
    "sent",
    [HEAD.encode(), head("Content-Length: 5000"), head("Transfer-Encoding: chunked")],
    ids=["head", "body", "chunks"],
)
def test_many_slow_clients_hold_up_nobody(ward: Ward, sent: bytes) -> None:
    with ExitStack() as closing:
        slow = [closing.enter_context(ward.raw(sent)) for _ in range(40)]
        assert answers(ward)
        for connection in slow:
            read_all(connection)
    assert answers(ward)


def test_slow_uploads_hold_up_no_question(ward: Ward) -> None:
    with ExitStack() as closing:
        for _ in range(12):
            closing.enter_context(ward.raw(head("Content-Length: 50000", first=UPLOAD) + b"x"))
        assert answers(ward)


def test_many_requests_on_one_connection_are_answered_one_by_one(ward: Ward) -> None:
    asked = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n" * 50
    last = b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    with ward.raw(asked + last) as connection:
        assert read_all(connection).count(b"HTTP/1.1 200") == 51


def test_a_head_of_any_length_is_refused(ward: Ward) -> None:
    with ward.raw(HEAD.encode() + b"X-Long: " + b"x" * 200_000) as connection:
        assert status_of(read_all(connection) or b"HTTP/1.1 400") == 400
