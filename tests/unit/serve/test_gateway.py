import asyncio
from collections.abc import Sequence
from typing import Any

import httpx
import pytest
from fastapi import HTTPException, Request

from chat_requests import body
from doctorsun.serve.gateway import read_json

JSON = ((b"content-type", b"application/json"),)


def arriving(chunks: Sequence[bytes], headers: Sequence[tuple[bytes, bytes]] = JSON) -> Request:
    """A request whose body comes in chunks; an empty one never comes."""
    waiting = list(chunks)

    async def receive() -> dict[str, Any]:
        chunk = waiting.pop(0)
        if not chunk:
            await asyncio.Event().wait()
        return {"type": "http.request", "body": chunk, "more_body": bool(waiting)}

    return Request({"type": "http", "method": "POST", "path": "/", "headers": list(headers)}, receive)


def _no_limit(_size: int) -> None:
    pass


def refusal(http: Request, timeout_s: float = 60.0) -> HTTPException:
    with pytest.raises(HTTPException) as error:
        asyncio.run(read_json(http, 10, timeout_s, _no_limit))
    return error.value


def test_a_body_in_chunks_is_read() -> None:
    held: list[int] = []
    assert asyncio.run(read_json(arriving([b"12345", b"67890"]), 10, 60, held.append)) == b"1234567890"
    assert held == [5, 10, 10]  # the last piece is empty


def test_a_body_that_never_ends_is_given_up() -> None:
    found = refusal(arriving([b"1", b""]), 0.01)
    assert (found.status_code, found.headers) == (408, {"Connection": "close"})
    assert found.detail == "request body: got no end after 0.01 s, expected all of it by then"


@pytest.mark.parametrize("length", [b"11", b"9" * 5000], ids=["one more", "no number of this world"])
def test_a_body_that_is_declared_too_long_is_not_awaited(length: bytes) -> None:
    found = refusal(arriving([b""], (*JSON, (b"content-length", length))))
    assert (found.status_code, found.detail) == (413, "request body: got more than 10 bytes, expected at most 10")


def test_a_body_that_is_longer_than_declared_is_cut() -> None:
    found = refusal(arriving([b"123456", b"123456", b""], (*JSON, (b"content-length", b"5"))))
    assert found.status_code == 413


def test_a_client_that_sends_far_too_much_still_gets_the_refusal(server: str) -> None:
    with httpx.Client(base_url=server, timeout=30) as http:
        for content in (b"x" * 10**7, iter([b"x" * 10**5] * 100)):
            response = http.post("/v1/chat/completions", content=content, headers={"Content-Type": "application/json"})
            assert response.status_code == 413
        assert http.post("/v1/chat/completions", json=body()).status_code == 200


def test_every_answer_has_an_id_of_ours(server: str) -> None:
    with httpx.Client(base_url=server) as http:
        answers = [
            http.get("/healthz", headers={"X-Request-Id": "mine"}),
            http.post("/v1/chat/completions", json=body()),
            http.post("/v1/chat/completions", json=body(model="moon")),
            http.get("/healthz", headers={"Host": "evil.example"}),
        ]
    assert [answer.status_code for answer in answers] == [200, 200, 404, 400]
    ids = {answer.headers["X-Request-Id"] for answer in answers}
    assert len(ids) == 4
    assert all(request_id.startswith("req-") and len(request_id) == 36 for request_id in ids)
    assert {answer.headers["X-Content-Type-Options"] for answer in answers} == {"nosniff"}
