"""A write of shards that is killed with SIGKILL within a shard keeps the shards before, and goes on after them."""

import subprocess
import sys
from pathlib import Path

import pytest
from real_command import ENVIRONMENT

from doctorsun.storage.atomic import sha256_file
from doctorsun.weights.tensors.open import open_tensors

SCRIPT = Path(__file__).with_name("write_shards_until_killed.py")


def run(folder: Path, *, kill_at: int | None = None) -> list[int]:
    """Run the writer; return the tensors that it computed, up to where it was killed."""
    command = [sys.executable, str(SCRIPT), str(folder)]
    computed: list[int] = []
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, text=True, env=ENVIRONMENT, **pipes) as process:
        assert process.stdin
        assert process.stdout
        for line in process.stdout:
            if int(line) == kill_at:
                process.kill()
                break
            computed.append(int(line))
            process.stdin.write("\n")
            process.stdin.flush()
    assert process.returncode == (0 if kill_at is None else -9)
    return computed


@pytest.mark.slow  # three processes that import torch
def test_a_write_that_is_killed_goes_on(tmp_path: Path) -> None:
    killed, undisturbed = tmp_path / "killed", tmp_path / "undisturbed"
    assert run(killed, kill_at=5) == [0, 1, 2, 3, 4]
    assert len(list(killed.glob("model-*.safetensors"))) == 2
    assert list(killed.glob(".model-*.unfinished"))
    assert run(killed) == [4, 5, 6, 7]
    assert not list(killed.glob(".model-*.unfinished"))
    assert run(undisturbed) == list(range(8))
    for path in undisturbed.iterdir():
        assert sha256_file(killed / path.name) == sha256_file(path)
    assert open_tensors(killed).read("t7")[0] == 7
