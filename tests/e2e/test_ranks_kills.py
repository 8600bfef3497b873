"""Two ranks under torchrun: a killed one is started again, SIGTERM saves, and all ends as if nothing had happened."""

import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from real_command import ENVIRONMENT

from doctorsun.storage.atomic import sha256_file

pytestmark = pytest.mark.slow  # every run starts two processes, some of them twice
SCRIPT = Path(__file__).with_name("run_rank_until_killed.py")
TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
COMMAND = [*TORCHRUN, "-m", "doctorsun", "run", "micro", "--out"]


def run_ranks(run: Path, victim: str) -> Path:
    """Carry the recipe out on two ranks, of which one is killed once; return the run."""
    command = [*TORCHRUN, "--max-restarts", "1", str(SCRIPT), str(run), victim]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=ENVIRONMENT)
    assert done.returncode == 0, f"{done.stdout}{done.stderr}"
    return run


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run_ranks(tmp_path_factory.mktemp("ranks") / "run", "none")


def assert_same_run(run: Path, undisturbed: Path) -> None:
    name = "weights/model.safetensors"
    assert sha256_file(run / name) == sha256_file(undisturbed / name)
    assert steps(run) == steps(undisturbed)
    assert not list(run.rglob("checkpoints"))


def events(run: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]


def steps(run: Path) -> list[tuple[object, ...]]:
    return [(event["stage"], event["step"], event["loss"]) for event in events(run) if event["event"] == "step"]


@pytest.mark.parametrize("victim", ["first", "other"])
def test_a_killed_rank_is_started_again_from_the_last_save(tmp_path: Path, undisturbed: Path, victim: str) -> None:
    run = run_ranks(tmp_path / "run", victim)
    assert_same_run(run, undisturbed)
    begun = [
        event["first_step"] for event in events(run) if event.get("stage") == "deep-align" and "first_step" in event
    ]
    assert begun in ([2], [4])  # the save may be whole where only the other rank was killed


def test_sigterm_saves_on_all_ranks_and_the_run_goes_on(tmp_path: Path, undisturbed: Path) -> None:
    run = tmp_path / "run"
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen([*COMMAND, str(run)], **pipes, text=True, env=ENVIRONMENT) as torchrun:
        assert torchrun.stdout is not None
        assert any(line.startswith("stage 5/5 instruct  1/8") for line in torchrun.stdout)
        torchrun.send_signal(signal.SIGTERM)
        _, errors = torchrun.communicate()
    (stopped_after,) = re.findall(r"error: stage instruct was stopped after step (\d) of 8; run the same", errors)
    saved = {path.name for path in (run / "stages/instruct/checkpoints").iterdir()}
    assert f"step-{stopped_after}" in saved
    subprocess.run([*COMMAND, str(run)], capture_output=True, check=True, env=ENVIRONMENT)
    assert_same_run(run, undisturbed)
