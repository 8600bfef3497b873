"""A folder whose de-identification is killed goes on when it is asked again, and ends with the same bytes."""

import subprocess
import sys
from pathlib import Path

from pydicom.data import get_testdata_file
from real_command import ENVIRONMENT

from doctorsun.storage.atomic import sha256_file

SCRIPT = Path(__file__).with_name("deidentify_until_killed.py")
FILES = Path(get_testdata_file("CT_small.dcm")).parent / "dicomdirtests" / "98892003"


def run(out: Path, *, kill_at: int | None = None) -> int:
    """De-identify; return the files that were done, up to where it was killed."""
    command = [sys.executable, str(SCRIPT), str(FILES), str(out)]
    num_done = 0
    with subprocess.Popen(
        command, text=True, env=ENVIRONMENT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin
        assert process.stdout
        for _ in process.stdout:
            num_done += 1
            if num_done == kill_at:
                process.kill()
                break
            process.stdin.write("\n")
            process.stdin.flush()
    assert process.returncode == (0 if kill_at is None else -9)
    return num_done


def content_of(out: Path) -> dict[str, str]:
    return {str(path.relative_to(out)): sha256_file(path) for path in out.rglob("*") if path.is_file()}


def test_it_goes_on_where_it_was_killed(tmp_path: Path) -> None:
    total = sum(path.is_file() for path in FILES.rglob("*"))
    assert run(tmp_path / "killed", kill_at=3) == 3
    journal = tmp_path / "killed" / "deidentification.jsonl"
    whole = journal.read_bytes()
    journal.write_bytes(whole[:-40])  # as if the power had failed while its last line was written
    assert run(tmp_path / "killed", kill_at=5) == 5
    assert run(tmp_path / "killed") == total - 7
    assert run(tmp_path / "killed") == 0
    assert run(tmp_path / "whole") == total
    assert content_of(tmp_path / "killed") == content_of(tmp_path / "whole")
    assert len(content_of(tmp_path / "whole")) == total + 3
