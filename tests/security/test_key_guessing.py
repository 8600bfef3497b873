"""Keys: nothing but the right one opens anything, every route asks for it, and guessing does not pay."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from attacked_server import CHAT, KEY, Ward, attacked_server
from chat_requests import body
from doctorsun.serve.keys import MAX_WRONG

OPEN = {"/healthz", "/readyz", "/openapi.json"}
ADDRESSES = (f"127.0.{number // 200}.{number % 200 + 2}" for number in itertools.count())
WRONG = [
    "Bearer",
    f"Bearer {KEY[:-1]}",
    f"Bearer {KEY}x",
    f"Bearer {KEY.lower()}",
    f"Bearer {KEY} {KEY}",
    f"Bearer  {KEY}",
    f"Bearer\t{KEY}",
    f"Bearer, {KEY}",
    f'Bearer "{KEY}"',
    f"Basic {KEY}",
    f"Digest {KEY}",
    f"Token {KEY}",
    KEY,
    f"Bearer {'x' * 50_000}",
    "Bearer null",
    "Bearer undefined",
    "Bearer *",
    "Bearer ' OR 1=1 --",
    "Bearer ＫＥＹＸＱＺＷ",
    "Bearer ключ",
]


@pytest.fixture
def stranger(ward: Ward) -> Iterator[httpx.Client]:
    """A client without a key, at an address from which nobody came before."""
    with ward.client(key=None, address=next(ADDRESSES)) as http:
        yield http


@pytest.mark.parametrize("header", WRONG, ids=lambda header: repr(header)[:40])
def test_what_is_not_the_key_opens_nothing(stranger: httpx.Client, header: str) -> None:
    headers = httpx.Headers([(b"Authorization", header.encode())])
    refused = stranger.get("/v1/models", headers=headers)
    if refused.status_code != 400:  # a header that is none
        assert refused.status_code == 401
        assert refused.headers["WWW-Authenticate"] == "Bearer"
        expected = "Authorization header: got no valid key, expected Bearer and the server's API key"
        assert refused.json()["error"]["message"] == expected


def test_a_key_elsewhere_is_none(stranger: httpx.Client) -> None:
    places = [
        {"params": {"api_key": KEY, "key": KEY, "access_token": KEY}},
        {"headers": {"X-API-Key": KEY, "Api-Key": KEY, "Proxy-Authorization": f"Bearer {KEY}"}},
        {"headers": {"Cookie": f"api_key={KEY}; Authorization=Bearer {KEY}"}},
    ]
    assert {stranger.get("/v1/models", **place).status_code for place in places} == {401}


def test_every_route_asks_for_the_key(ward: Ward) -> None:
    with ward.client(key=None) as http:
        paths = http.get("/openapi.json").json()["paths"]
        asked = [(method, path) for path, methods in paths.items() for method in methods if path not in OPEN]
        assert {("post", CHAT), ("post", "/v1/studies"), ("post", "/v1/reports"), ("get", "/metrics")} <= set(asked)
        for method, path in asked:
            refused = http.request(method, path.replace("{index}", "0").replace("{study_id}", "study-0"))
            assert refused.status_code == 401, (method, path)


def test_a_refusal_reads_no_body_and_asks_no_engine(ward: Ward, stranger: httpx.Client) -> None:
    answers = {
        stranger.post(CHAT, content=content, headers={"Content-Type": "application/json"}).text
        for content in (b"{", b"x" * 100_000, b"")
    }
    assert len(answers) == 1
    assert not ward.engine.asked
    assert stranger.post(CHAT, json=body()).status_code == 401


def test_guessing_does_not_pay(ward: Ward) -> None:
    address = next(ADDRESSES)
    with ward.client(key="guess", address=address) as guesser:
        guesses = [guesser.get("/v1/models").status_code for _ in range(MAX_WRONG + 5)]
    assert guesses == [401] * MAX_WRONG + [429] * 5
    with ward.client(address=address) as late, ward.client(address=next(ADDRESSES)) as elsewhere:
        refused = late.get("/v1/models", headers={"X-Forwarded-For": "", "X-Real-IP": "10.1.1.1"})
        assert refused.status_code == 429
        assert 1 <= int(refused.headers["Retry-After"]) <= 60
        assert refused.json()["error"]["code"] == "wrong_keys"
        assert KEY not in refused.text
        assert elsewhere.get("/v1/models").status_code == 200


def test_a_client_without_a_key_is_no_guesser(ward: Ward) -> None:
    address = next(ADDRESSES)
    with ward.client(key=None, address=address) as nobody:
        assert {nobody.get("/v1/models").status_code for _ in range(2 * MAX_WRONG)} == {401}
    with ward.client(address=address) as http:
        assert http.get("/v1/models").status_code == 200


def test_refused_strangers_do_not_fill_the_log(tmp_path: Path) -> None:
    with attacked_server(tmp_path) as ward, ward.client(key="guess") as guesser:
        for _ in range(5 * MAX_WRONG):
            guesser.get("/v1/models")
            guesser.get("/v1/nowhere")
            guesser.put("/v1/models")
    assert len((tmp_path / "audit.jsonl").read_bytes().splitlines()) == MAX_WRONG + 2
