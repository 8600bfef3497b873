"""A curation that is killed again and again, wherever it stands, goes on and gives the bytes of one that was not."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from real_command import ENVIRONMENT, Done, doctorsun

from raw_store import write_raw_store

# Sends the command a signal just before its n-th operation of a kind on a file or folder whose path holds a text.
STOPPED = """
import os, sys
from doctorsun.cli.main import main
part, kind, left, number = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
def stop(event, arguments):
    global left
    if event == kind and part in str(arguments[0]):
        left -= 1
        if left == 0:
            os.kill(os.getpid(), number)
sys.addaudithook(stop)
sys.argv = ["doctorsun", *sys.argv[5:]]
main()
"""
# In the order of the command, so that each process goes on where the one before was killed.
MOMENTS = (
    ("/.progress.json", "os.rename", 1),
    ("/.curation/rejected/", "open", 1),
    ("/.curation/changed/", "os.rename", 2),
    ("/.curation/examined/", "open", 2),
    ("/.curation/examined/", "os.rename", 3),
    ("/.curation/.decided", "open", 3),
    ("/.curation/.decided", "os.rename", 1),
    ("/shards/", "open", 1),
    ("/shards/", "os.rename", 2),
    ("/dropped/", "open", 1),
    ("/.curation/written/", "open", 2),
    ("/.curation.json", "os.rename", 1),
    ("/out/progress.json", "os.rename", 1),
    ("examined", "os.rmdir", 1),
    ("/.card.html", "os.rename", 1),
)


def stopped(moment: tuple[str, str, int], number: signal.Signals, *arguments: str | Path) -> Done:
    part, kind, count = moment
    command = [sys.executable, "-c", STOPPED, part, kind, str(count), str(int(number)), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=ENVIRONMENT)
    return Done(done.returncode, done.stdout, done.stderr)


def content(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.slow  # a process for each moment
def test_a_killed_curation_goes_on_and_gives_the_same_bytes(tmp_path: Path) -> None:
    raw, whole, out = tmp_path / "raw", tmp_path / "whole", tmp_path / "out"
    write_raw_store(raw)
    assert doctorsun("data", "curate", raw, "--out", whole).status == 0
    for moment in MOMENTS:
        done = stopped(moment, signal.SIGKILL, "data", "curate", raw, "--out", out)
        assert done.status == -signal.SIGKILL, (moment, done)
    again = doctorsun("data", "curate", raw, "--out", out)
    assert again.status == 0, again.errors
    assert content(out) == content(whole)
    assert len(content(out)) > 0


@pytest.mark.parametrize("workers", [pytest.param("1", marks=pytest.mark.slow), "2"])
def test_ctrl_c_ends_it_at_once_and_it_goes_on(tmp_path: Path, workers: str) -> None:
    raw, out = tmp_path / "raw", tmp_path / "out"
    write_raw_store(raw)
    curate = ("data", "curate", raw, "--out", out, "--workers", workers)
    done = stopped(("/.curation/.decided", "os.mkdir", 1), signal.SIGINT, *curate)
    assert done.status == 5, done.errors
    assert done.errors.endswith("interrupted; run the same command again to go on\n")
    assert doctorsun(*curate).status == 0
    assert (out / "manifest.json").exists()
