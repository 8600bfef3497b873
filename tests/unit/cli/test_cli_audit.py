"""The command that checks an audit log."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from doctorsun.cli.main import app
from doctorsun.cli.session import Session
from doctorsun.errors import DataError
from doctorsun.serve.audit import open_audit


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "audit.jsonl"
    with open_audit(path, now=lambda: "2031-01-02T03:04:05+00:00") as audit:
        audit.record("answer", key="ward-7")
    return path


def verify(path: Path, *options: str, language: Any = "en") -> tuple[str, Exception | None]:
    """Run the command; return what it printed, and what it raised for its caller to leave with."""
    done = CliRunner().invoke(app, ["audit", "verify", str(path), *options], obj=Session(language))
    return done.stdout, done.exception if isinstance(done.exception, Exception) else None


def test_a_sound_log_is_told_with_the_hash_to_note(log: Path) -> None:
    told, error = verify(log)
    last = json.loads(log.read_text().splitlines()[-1])["sha256"]
    time = "2031-01-02T03:04:05+00:00"
    assert (told, error) == (f"sound: 3 entries from {time} to {time}\nthe last one's hash: {last}\n", None)


def test_chinese(log: Path) -> None:
    told, _ = verify(log, language="zh")
    assert told.startswith("完好：共 3 条记录，2031-01-02T03:04:05+00:00 至 ")


def test_json(log: Path) -> None:
    told, _ = verify(log, "--json")
    last = json.loads(log.read_text().splitlines()[-1])["sha256"]
    time = "2031-01-02T03:04:05+00:00"
    assert json.loads(told) == {
        "is_sound": True,
        "num_entries": 3,
        "sha256": last,
        "first_time": time,
        "last_time": time,
        "bad_line": None,
        "reason": None,
        "is_torn": False,
    }


@pytest.mark.parametrize("options", [(), ("--json",)], ids=["words", "json"])
def test_the_first_bad_line_is_named(log: Path, options: tuple[str, ...]) -> None:
    log.write_text(log.read_text().replace("ward-7", "ward-8"))
    told, error = verify(log, *options)
    assert isinstance(error, DataError)
    assert error.exit_status == 4
    expected = (
        "audit.jsonl:2: got a line that does not match its hash, expected the line as it was written; "
        "compare it with a copy; what stands before it is sound"
    )
    assert error.text().endswith(expected)
    assert [json.loads(told)["bad_line"]] == [2] if options else told == ""


def test_a_line_that_was_cut_off_is_for_the_server_to_repair(log: Path) -> None:
    log.write_bytes(log.read_bytes()[:-5])
    _, error = verify(log)
    assert isinstance(error, DataError)
    assert "audit.jsonl:3: got a line that was cut off" in error.text()
    assert "start its server again: it repairs a last line that was cut off" in error.text()


def test_a_log_without_an_entry_is_sound(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    path.touch()
    assert verify(path) == ("sound: no entry yet\n", None)
