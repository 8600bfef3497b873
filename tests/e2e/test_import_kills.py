"""An import that is killed with SIGKILL leaves nothing that looks finished, and goes on when it is asked again."""

import subprocess
import sys
from pathlib import Path

import pytest
from real_command import ENVIRONMENT

from checkpoints.three_parts import write_three_parts
from doctorsun.storage.atomic import sha256_file, unfinished_path

SCRIPT = Path(__file__).with_name("import_until_killed.py")


def run(published: Path, out: Path, *, kill_at: int | None = None) -> int:
    """Run the import; return the tensors that it computed, up to where it was killed."""
    command = [sys.executable, str(SCRIPT), str(published), str(out)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    num_computed = 0
    with subprocess.Popen(command, text=True, env=ENVIRONMENT, **pipes) as process:
        assert process.stdin
        assert process.stdout
        for _ in process.stdout:
            num_computed += 1
            if num_computed == kill_at:
                process.kill()
                break
            process.stdin.write("\n")
            process.stdin.flush()
    assert process.returncode == (0 if kill_at is None else -9)
    return num_computed


@pytest.mark.slow  # three processes that import torch
def test_an_import_that_is_killed_goes_on(tmp_path: Path) -> None:
    write_three_parts(tmp_path / "published")
    killed, undisturbed = tmp_path / "killed", tmp_path / "undisturbed"
    run(tmp_path / "published", killed, kill_at=60)
    assert not killed.exists()
    assert list(unfinished_path(killed).glob("model-*.safetensors"))
    assert 20 < run(tmp_path / "published", killed) < 60
    assert run(tmp_path / "published", undisturbed) > 70
    assert {path.name: sha256_file(path) for path in killed.iterdir()} == {
        path.name: sha256_file(path) for path in undisturbed.iterdir()
    }
    assert not unfinished_path(killed).exists()
