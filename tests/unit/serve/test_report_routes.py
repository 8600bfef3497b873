"""Reports of wrong answers: into a file, whole, and nothing else."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from doctorsun.errors import MachineError
from doctorsun.processor.processor import Processor
from doctorsun.serve.app import create_app
from doctorsun.serve.report_routes import MAX_FILE_BYTES, MAX_REPORT_BYTES, Reports, read_report
from doctorsun.serve.settings import ServeSettings
from serve_fakes import ScriptedEngine, ThreadedChat, serving
from small_disk import files_of_at_most

REPORT = {"answer_id": "chatcmpl-1", "reason": "结节在右肺\n", "question": "Where?", "answer": "Left."}


@pytest.fixture
def http(tmp_path: Path, processor: Processor, settings: ServeSettings) -> Iterator[httpx.Client]:
    engine = ThreadedChat(ScriptedEngine([5]), processor)
    app = create_app(engine, settings, reports=tmp_path / "reports.jsonl")
    with serving(app) as url, httpx.Client(base_url=url, timeout=30) as client:
        yield client


def test_a_report_is_kept_as_it_was_sent(http: httpx.Client, tmp_path: Path) -> None:
    first = http.post("/v1/reports", json=REPORT)
    second = http.post("/v1/reports", json=REPORT | {"expected": "Right."})
    path = tmp_path / "reports.jsonl"
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    facts = {"object": "report", "key": "anyone", "model_revision": "abc123"}
    assert first.status_code == second.status_code == 201
    assert lines[0] == {**first.json(), **facts, **REPORT}
    assert lines[1] == {**second.json(), **facts, **REPORT, "expected": "Right."}
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"reason": ""}, "reason: got '', expected text that is not empty; correct it"),
        ({"reason": "x" * 5001}, r"reason: got 'x+\.\.\., expected text of at most 5000 characters; correct it"),
        ({"answer": None}, "answer: got nothing, expected text; correct it"),
        ({"patient": "A"}, "patient: got a field that is not supported; leave it out"),
    ],
    ids=["empty", "long", "null", "unknown"],
)
def test_a_wrong_report_is_refused(http: httpx.Client, tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    refused = http.post("/v1/reports", json=REPORT | changes)
    assert refused.status_code == 400
    assert re.fullmatch(message, refused.json()["error"]["message"])
    assert not (tmp_path / "reports.jsonl").exists()


def test_reports_have_a_size(http: httpx.Client) -> None:
    pieces = iter([b" " * MAX_REPORT_BYTES, b" "])
    headers = {"Content-Type": "application/json"}
    assert http.post("/v1/reports", content=pieces, headers=headers).status_code == 413


def test_a_full_disk_takes_no_report(http: httpx.Client, tmp_path: Path) -> None:
    http.post("/v1/reports", json=REPORT)
    path = tmp_path / "reports.jsonl"
    before = path.read_bytes()
    with files_of_at_most(len(before) + 10):
        refused = http.post("/v1/reports", json=REPORT)
    assert refused.status_code == 507
    assert refused.json()["error"]["message"] == "reports on this server: got no room left; tell its operators"
    assert path.read_bytes() == before


def test_a_full_file_takes_no_report(tmp_path: Path) -> None:
    path = tmp_path / "reports.jsonl"
    with path.open("wb") as file:
        file.truncate(MAX_FILE_BYTES + 1)
    with pytest.raises(MachineError, match="reports: got a full file; read and move it away"):
        Reports(path, "r").add(read_report(json.dumps(REPORT).encode()), "ward")
