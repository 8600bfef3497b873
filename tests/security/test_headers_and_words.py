"""What clients write never becomes a header, a page or another method; other sites and names are not answered."""

from typing import Any

import httpx
import pytest

from attacked_server import ANSWER, CHAT, Ward, read_all
from chat_requests import body

INJECTED = "a\r\nSet-Cookie: evil=1\r\n\r\n<script>alert(1)</script>"
MARKUP = "<script>alert(1)</script>"
REPORT = {"answer_id": "a", "reason": "r", "question": "q", "answer": "a"}


def require_harmless(answer: httpx.Response) -> None:
    """No header came from the client, and no browser would take the body for a page."""
    assert "set-cookie" not in answer.headers
    assert "evil" not in str(answer.headers)
    assert "access-control-allow-origin" not in answer.headers
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    kind = answer.headers.get("Content-Type", "application/json").partition(";")[0]
    assert kind in {"application/json", "text/event-stream", "text/plain", "image/png"}


@pytest.mark.parametrize("words", [INJECTED, MARKUP], ids=["lines", "markup"])
def test_words_of_a_question_stay_words(ward: Ward, words: str) -> None:
    with ward.client() as http:
        for changes in (
            {"model": words},
            {"user": words},
            {words: 1},
            {"stop": words},
            {"messages": [{"role": words, "content": "?"}]},
            {"messages": [{"role": "user", "content": words}]},
            {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": words}}]}]},
        ):
            require_harmless(http.post(CHAT, json=body(**changes)))
        require_harmless(http.post("/v1/reports", json=REPORT | {"answer_id": words[:90], "reason": words}))
        require_harmless(http.post("/v1/studies", content=words, headers={"Content-Type": "application/octet-stream"}))


@pytest.mark.parametrize(
    "path",
    [
        "/%0d%0aSet-Cookie:%20evil=1",
        "/<script>alert(1)</script>",
        "/v1/studies/%0d%0aSet-Cookie:%20evil=1",
        "/v1/studies/<script>",
        "/v1/studies/a/slices/<script>?window=<script>",
        "/page/<script>alert(1)</script>",
        "/v1/models?x=%0d%0aSet-Cookie:%20evil=1",
        "/v1/studies/a/slices/1?series=<script>",
    ],
)
def test_words_of_a_path_stay_words(ward: Ward, path: str) -> None:
    with ward.client() as http:
        require_harmless(http.get(path))


@pytest.mark.parametrize("name", ["X-Request-Id", "X-Model-Revision", "X-Forwarded-Host", "X-Forwarded-For", "Origin"])
def test_headers_of_a_client_do_not_come_back(ward: Ward, name: str) -> None:
    with ward.client() as http:
        answer = http.post(CHAT, json=body(), headers={name: "evil"})
    assert "evil" not in f"{answer.headers}{answer.text}"
    assert answer.headers["X-Request-Id"].startswith("req-")


def test_markup_in_answers_is_data(ward: Ward) -> None:
    with ward.client() as http:
        whole = http.post(CHAT, json=body())
        stream = http.post(CHAT, json=body(stream=True))
    assert whole.json()["choices"][0]["message"]["content"] == ANSWER
    assert whole.headers["Content-Type"] == "application/json"
    assert stream.headers["Content-Type"].startswith("text/event-stream")
    for answer in (whole, stream):
        require_harmless(answer)


def test_the_page_runs_only_its_own_code(ward: Ward) -> None:
    with ward.client(key=None) as http:
        page = http.get("/")
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert page.headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "localhost.evil.example",
        "127.0.0.1.nip.example",
        "evil.example:80",
        "localhost@evil.example",
        "127.0.0.2",
        "[::2]",
        "0.0.0.0",  # noqa: S104
        "2130706433",
        "",
        "a b",
        "localhost, evil.example",
    ],
)
def test_other_names_of_this_machine_are_not_answered(ward: Ward, host: str) -> None:
    """A page elsewhere may let its name point here: its requests still carry that name."""
    with ward.raw(f"GET /v1/models HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()) as connection:
        assert read_all(connection).startswith(b"HTTP/1.1 400")


def test_two_names_or_none_are_not_answered(ward: Ward) -> None:
    for hosts in ("", "Host: localhost\r\nHost: evil.example\r\n"):
        with ward.raw(f"GET /healthz HTTP/1.1\r\n{hosts}Connection: close\r\n\r\n".encode()) as connection:
            assert read_all(connection).startswith(b"HTTP/1.1 400")


@pytest.mark.parametrize("path", [CHAT, "/v1/models", "/v1/studies", "/v1/reports", "/healthz"])
def test_pages_of_other_sites_get_no_leave(ward: Ward, path: str) -> None:
    headers = {
        "Origin": "https://evil.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization, content-type",
    }
    with ward.client() as http:
        asked = http.options(path, headers=headers)
    assert asked.status_code == 405
    assert not [name for name in asked.headers if name.startswith("access-control")]


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
def test_what_pages_of_other_sites_may_send_unasked_is_not_taken(ward: Ward, kind: str) -> None:
    with ward.client() as http:
        for path in (CHAT, "/v1/studies", "/v1/reports"):
            assert http.post(path, content=b"{}", headers={"Content-Type": kind}).status_code == 415


@pytest.mark.parametrize("name", ["X-HTTP-Method-Override", "X-Method-Override", "X-HTTP-Method"])
def test_a_header_is_no_method(ward: Ward, png: bytes, name: str) -> None:
    binary = {"Content-Type": "application/octet-stream"}
    with ward.client() as http:
        study = http.post("/v1/studies", content=png, headers=binary).json()["id"]
        override: Any = {name: "DELETE"}
        http.get(f"/v1/studies/{study}?_method=DELETE", headers=override)
        assert http.post(f"/v1/studies/{study}?_method=DELETE", headers=override).status_code == 405
        assert http.get(f"/v1/studies/{study}").status_code == 200
        assert http.delete(f"/v1/studies/{study}").status_code == 204


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "PUT", "PATCH", "PROPFIND", "EVIL", "get"])
def test_other_methods_do_nothing(ward: Ward, method: str) -> None:
    head = f"{method} /v1/models HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer KEYXQZW\r\nConnection: close\r\n"
    with ward.raw(f"{head}\r\n".encode()) as connection:
        assert read_all(connection).startswith((b"HTTP/1.1 405", b"HTTP/1.1 400"))


def test_nothing_becomes_a_web_socket(ward: Ward) -> None:
    headers = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: AAAA\r\nSec-WebSocket-Version: 13\r\n"
    with ward.raw(f"GET /v1/models HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n".encode()) as connection:
        assert b" 101 " not in connection.recv(65536)
