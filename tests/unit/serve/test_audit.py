"""The audit log: a chain of lines, on the disk before anything is answered."""

import asyncio
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from doctorsun.errors import DataError, MachineError
from doctorsun.serve.audit import MAX_WAITING, AuditFailure, AuditLog, open_audit
from doctorsun.serve.audit_chain import START, check_audit
from small_disk import files_of_at_most

WRITE_UNTIL_KILLED = """
import asyncio
import sys
from pathlib import Path
from doctorsun.serve.audit import open_audit
with open_audit(Path(sys.argv[1])) as audit:
    while True:
        asyncio.run(audit.require("question", key="ward-7"))
        print(flush=True)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "audit.jsonl"


def entries(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def events(path: Path) -> list[str]:
    return [entry["event"] for entry in entries(path)]


def test_entries_tell_what_they_were_given_and_hold_each_other(path: Path) -> None:
    with open_audit(path, now=lambda: "2031-01-02T03:04:05+00:00") as audit:
        audit.record("answer", key="ward-7", status=200, outcome=None)
    first, second, third = entries(path)
    assert list(second) == ["seq", "time", "event", "key", "status", "previous", "sha256"]
    assert [second[each] for each in ("seq", "time", "event")] == [2, "2031-01-02T03:04:05+00:00", "answer"]
    assert (first["previous"], second["previous"], third["previous"]) == (START, first["sha256"], second["sha256"])
    assert (first["event"], third["event"]) == ("start", "stop")
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_hash_is_that_of_the_line_without_it(path: Path) -> None:
    with open_audit(path):
        pass
    line = path.read_text().splitlines()[0]
    seal = f',"sha256":"{json.loads(line)["sha256"]}"'
    assert sha256(line.replace(seal, "").encode()).hexdigest() == json.loads(line)["sha256"]


def test_the_chain_goes_on_at_the_next_start(path: Path) -> None:
    for _ in range(2):
        with open_audit(path):
            pass
    assert events(path) == ["start", "stop", "start", "stop"]
    check = check_audit(path)
    assert (check.is_sound, check.num_entries, check.sha256) == (True, 4, entries(path)[-1]["sha256"])
    assert (check.first_time, check.last_time) == (entries(path)[0]["time"], entries(path)[-1]["time"])


def test_many_threads_write_one_chain(path: Path) -> None:
    with open_audit(path) as audit, ThreadPoolExecutor(8) as pool:
        for number in range(60):
            pool.submit(audit.record, "answer", num_tokens=number)
    assert check_audit(path).num_entries == 62
    assert sorted(each["num_tokens"] for each in entries(path)[1:-1]) == list(range(60))


def test_a_line_that_was_cut_off_is_repaired_and_told(path: Path) -> None:
    with open_audit(path):
        pass
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"seq":3,"ti')
    assert check_audit(path).reason == "a line that was cut off"
    with open_audit(path):
        pass
    assert check_audit(path).num_entries == 5
    recovered = entries(path)[2]
    assert (recovered["event"], recovered["torn_bytes"]) == ("recovered", 12)
    assert recovered["torn_sha256"] == sha256(b'{"seq":3,"ti').hexdigest()


def test_whatever_a_killed_server_leaves_can_be_gone_on_with(path: Path) -> None:
    for _ in range(3):
        command = [sys.executable, "-c", WRITE_UNTIL_KILLED, str(path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as writer:
            assert writer.stdout is not None
            for _ in range(5):
                writer.stdout.readline()
            writer.kill()
    with open_audit(path):
        pass
    check = check_audit(path)
    assert check.is_sound
    assert events(path).count("start") == 4
    assert events(path).count("question") >= 15


@pytest.mark.parametrize(
    ("damage", "line", "reason"),
    [
        (lambda lines: [lines[0], lines[1].replace(b"ward-7", b"ward-8"), *lines[2:]], 2, "does not match its hash"),
        (lambda lines: [*lines[:1], *lines[2:]], 2, "entry 3 where 2 should stand"),
        (lambda lines: lines[1:], 1, "entry 2 where 1 should stand"),
        (lambda lines: [*lines[:2], b'{"seq":3}\n', *lines[2:]], 3, "without its hash"),
        (lambda lines: [*lines[:2], lines[1], *lines[2:]], 3, "entry 2 where 3 should stand"),
        (lambda lines: [lines[0], *rewritten(lines[1])], 2, "does not follow the one before"),
        (lambda lines: [lines[0], b"\n", *lines[1:]], 2, "without its hash"),
        (lambda lines: [lines[0], sealed(b"[]")], 2, "without a number"),
    ],
    ids=["changed", "removed", "beginning-removed", "added", "repeated", "other-chain", "empty-line", "no-object"],
)
def test_what_was_changed_is_found(path: Path, damage: Any, line: int, reason: str) -> None:
    with open_audit(path) as audit:
        audit.record("answer", key="ward-7")
        audit.record("answer", key="ward-9")
    path.write_bytes(b"".join(damage(path.read_bytes().splitlines(keepends=True))))
    check = check_audit(path)
    assert (check.is_sound, check.bad_line, check.num_entries) == (False, line, line - 1)
    assert check.reason is not None
    assert reason in check.reason


def sealed(text: bytes) -> bytes:
    return text[:-1] + b',"sha256":"' + sha256(text[:-1] + b"}").hexdigest().encode() + b'"}\n'


def rewritten(line: bytes) -> list[bytes]:
    """A line of the right number, whole in itself, that names another one before it."""
    content = json.loads(line)
    del content["sha256"]
    return [sealed(json.dumps(content | {"previous": "f" * 64}).encode())]


def test_an_empty_log_is_sound(path: Path) -> None:
    path.touch()
    check = check_audit(path)
    assert (check.is_sound, check.num_entries, check.sha256, check.first_time) == (True, 0, START, None)


def test_a_log_that_cannot_be_read_is_told(path: Path) -> None:
    with pytest.raises(DataError, match=r"audit log .*audit.jsonl: got No such file or directory, expected a file"):
        check_audit(path)


@pytest.mark.parametrize("last", [b"no entry\n", b"x" * 70_000, sealed(b"[]")], ids=["words", "no-end", "no-object"])
def test_a_log_whose_end_was_changed_is_not_gone_on_with(path: Path, last: bytes) -> None:
    path.write_bytes(last)
    expected = r"audit log .*: got a line .*, expected the last line as it was written; see 'doctorsun audit verify'"
    with pytest.raises(DataError, match=expected), open_audit(path):
        pytest.fail("nothing may be written behind it")
    assert path.read_bytes() == last


def test_what_cannot_be_recorded_is_refused_and_what_has_happened_is_kept(path: Path) -> None:
    with open_audit(path) as audit:
        with files_of_at_most(path.stat().st_size + 20):
            refuse(audit)
            audit.record("answer", num_tokens=3)
            refuse(audit)
        asyncio.run(audit.require("question"))
    assert events(path) == ["start", "answer", "question", "stop"]
    assert check_audit(path).is_sound


def refuse(audit: AuditLog) -> None:
    with pytest.raises(AuditFailure, match="this server cannot record questions now; ask again later"):
        asyncio.run(audit.require("question"))


def test_entries_that_were_too_many_to_keep_are_counted(path: Path) -> None:
    with open_audit(path) as audit:
        with files_of_at_most(path.stat().st_size):
            for _ in range(MAX_WAITING + 7):
                audit.record("refused")
            refuse(audit)
        audit.record("answer")
    assert events(path)[-4:] == ["refused", "recovered", "answer", "stop"]
    assert entries(path)[-3]["num_lost"] == 7
    assert check_audit(path).num_entries == 1 + MAX_WAITING + 3


def test_on_a_full_disk_no_server_starts(path: Path) -> None:
    with files_of_at_most(10), pytest.raises(MachineError, match=r"no room on the disk for .*audit.jsonl"):
        open_audit(path).__enter__()
    assert path.read_bytes() == b""


def test_a_folder_that_is_not_there_is_told(path: Path) -> None:
    with pytest.raises(DataError, match=r"cannot write .*: got No such file or directory"):
        open_audit(path / "x").__enter__()
