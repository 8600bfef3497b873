"""What the audit log tells of requests, and what it does not."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest

from chat_requests import body, with_image
from doctorsun.processor.processor import Processor
from doctorsun.serve.app import create_app
from doctorsun.serve.audit import open_audit
from doctorsun.serve.audit_chain import check_audit
from doctorsun.serve.keys import MAX_WRONG, one_key
from doctorsun.serve.settings import ServeSettings
from serve_fakes import ScriptedEngine, ThreadedChat, serving
from small_disk import files_of_at_most

CHAT = "/v1/chat/completions"


@dataclass(frozen=True, slots=True, kw_only=True)
class Audited:
    """A server with a key, its engine and its log."""

    engine: ScriptedEngine
    http: httpx.Client
    path: Path
    closing: ExitStack

    def entries(self) -> list[dict[str, Any]]:
        """Stop the server and return what its log tells between start and stop."""
        self.closing.close()
        assert check_audit(self.path).is_sound
        start, *between, stop = [json.loads(line) for line in self.path.read_bytes().splitlines()]
        assert (start["event"], stop["event"]) == ("start", "stop")
        return between


@pytest.fixture
def audited(tmp_path: Path, processor: Processor, settings: ServeSettings) -> Iterator[Audited]:
    engine = ScriptedEngine([5, 6, 7], end_id=processor.stop_ids[0])
    path, keyed = tmp_path / "audit.jsonl", replace(settings, keys=one_key("right"))
    with ExitStack() as closing:
        audit = closing.enter_context(open_audit(path))
        reports = tmp_path / "reports.jsonl"
        app = create_app(ThreadedChat(engine, processor), keyed, studies=tmp_path / "s", audit=audit, reports=reports)
        url = closing.enter_context(serving(app))
        headers = {"Authorization": "Bearer right"}
        http = closing.enter_context(httpx.Client(base_url=url, headers=headers, timeout=30))
        yield Audited(engine=engine, http=http, path=path, closing=closing)


def test_a_question_is_recorded_before_it_is_answered_and_its_answer_afterwards(audited: Audited, png: bytes) -> None:
    answer = audited.http.post(CHAT, json=body(messages=with_image(png)))
    question, told = audited.entries()
    facts = {
        "key": "default",
        "request_id": answer.headers["X-Request-Id"],
        "route": f"POST {CHAT}",
        "model_revision": "abc123",
    }
    assert {name: question[name] for name in facts} == {name: told[name] for name in facts} == facts
    assert (question["event"], told["event"], told["status"], told["outcome"]) == ("question", "answer", 200, "stop")
    assert told["num_tokens"] == 3
    assert told["num_prompt_tokens"] == answer.json()["usage"]["prompt_tokens"]
    (image,) = told["images"]
    assert len(image) == 64


def test_streams_are_recorded_too(audited: Audited) -> None:
    audited.http.post(CHAT, json=body(stream=True, max_tokens=2))
    _, told = audited.entries()
    assert (told["event"], told["outcome"], told["num_tokens"]) == ("answer", "length", 2)


def test_an_engine_that_fails_is_in_the_log(audited: Audited) -> None:
    audited.engine.failure = MemoryError("no memory left")
    assert audited.http.post(CHAT, json=body()).status_code == 503
    _, told = audited.entries()
    assert (told["event"], told["outcome"], told["status"]) == ("answer", "failed", 503)


def test_refusals_and_deeds_are_recorded_and_looks_are_not(audited: Audited, png: bytes) -> None:
    http = audited.http
    assert http.post(CHAT, json=body(model="moon")).status_code == 404
    http.get("/v1/models")
    binary = {"Content-Type": "application/octet-stream"}
    study = http.post("/v1/studies", content=png, headers=binary).json()["id"]
    http.get(f"/v1/studies/{study}")
    http.delete(f"/v1/studies/{study}")
    http.get(f"/v1/studies/{study}")
    http.get("/nowhere")
    report = {"answer_id": "a", "reason": "r", "question": "q", "answer": "a"}
    assert http.post("/v1/reports", json=report).status_code == 201
    entries = audited.entries()
    assert entries[1]["images"] == [sha256(png).hexdigest()]
    told = [(each["event"], each["route"], each["status"]) for each in entries]
    assert told == [
        ("refused", f"POST {CHAT}", 404),
        ("study", "POST /v1/studies", 201),
        ("study", "DELETE /v1/studies/{study_id}", 204),
        ("refused", "GET /v1/studies/{study_id}", 404),
        ("report", "POST /v1/reports", 201),
    ]


def test_wrong_keys_are_recorded_as_far_as_they_are_looked_at(audited: Audited) -> None:
    with httpx.Client(base_url=audited.http.base_url) as stranger:
        assert stranger.get("/v1/models").status_code == 401
        assert stranger.get("/v1/nowhere").status_code == 404
        answers = [
            stranger.get("/v1/models", headers={"Authorization": f"Bearer {number}"}) for number in range(MAX_WRONG + 3)
        ]
    assert [each.status_code for each in answers] == [401] * MAX_WRONG + [429] * 3
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 60
    told = audited.entries()
    assert [each["event"] for each in told] == ["refused"] * MAX_WRONG
    assert "key" not in told[0]


def test_on_a_full_disk_questions_are_refused_until_there_is_room(audited: Audited) -> None:
    with files_of_at_most(audited.path.stat().st_size + 50):
        refused = audited.http.post(CHAT, json=body())
        assert (refused.status_code, refused.headers["Retry-After"]) == (503, "1")
        expected = "this server cannot record questions now; ask again later"
        assert refused.json()["error"]["message"] == expected
        assert not audited.engine.asked
    assert audited.http.post(CHAT, json=body()).status_code == 200
    assert [each["event"] for each in audited.entries()] == ["refused", "question", "answer"]


def test_without_a_log_nothing_is_kept(processor: Processor, settings: ServeSettings) -> None:
    engine = ScriptedEngine([5, 6, 7], end_id=processor.stop_ids[0])
    with serving(create_app(ThreadedChat(engine, processor), settings)) as url:
        assert httpx.post(f"{url}{CHAT}", json=body()).status_code == 200
        assert httpx.post(f"{url}/v1/reports", json={}).status_code == 404
