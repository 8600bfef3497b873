"""A run that is killed with SIGKILL, again and again, ends as if nothing had happened."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from real_command import ENVIRONMENT, Done

from doctorsun.eval.predictions import read_predictions
from doctorsun.storage.atomic import sha256_file
from doctorsun.storage.store import Store

SCRIPT = Path(__file__).with_name("run_until_killed.py")
SEED = "20260"
BACKGROUND = [f"stages.{stage}.save_in_background=true" for stage in ("align", "deep-align", "instruct")]
EVERY_STEP = [f"stages.{stage}.save_every_steps=1" for stage in ("pretrain", "deep-align", "instruct")]


def run_until_killed(run: Path, how: str, seed: str, settings: Sequence[str] = ()) -> int:
    """Return how many processes were killed until one ended."""
    command = [sys.executable, str(SCRIPT), str(run), how, seed, *settings]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=ENVIRONMENT)
    assert done.returncode == 0, f"{done.stdout}{done.stderr}"
    return done.stdout.count("killed before operation")


def test_a_run_that_is_killed_often_ends_in_the_same_weights(micro: tuple[Path, Done], tmp_path: Path) -> None:
    undisturbed, killed = micro[0], tmp_path / "run"
    assert run_until_killed(killed, "chosen", SEED) >= 10
    assert_same_run(killed, undisturbed)
    for store in ("documents/train", "phantom/test"):
        assert Store(killed / "stores" / store).sha256 == Store(undisturbed / "stores" / store).sha256
    assert question_ids(killed) == question_ids(undisturbed)
    assert json.loads((killed / "report.json").read_text(encoding="utf-8"))["state"]["is_finished"]


@pytest.mark.slow  # some 30 processes each
@pytest.mark.parametrize(("seed", "settings"), [("1", EVERY_STEP), ("2", [*EVERY_STEP, *BACKGROUND])])
def test_a_run_that_is_killed_anywhere_ends_in_the_same_weights(
    micro: tuple[Path, Done], tmp_path: Path, seed: str, settings: list[str]
) -> None:
    assert run_until_killed(tmp_path / "run", "anywhere", seed, settings) >= 15
    assert_same_run(tmp_path / "run", micro[0])


def assert_same_run(killed: Path, undisturbed: Path) -> None:
    """Compare weights and diary, bit for bit."""
    name = "weights/model.safetensors"
    assert sha256_file(killed / name) == sha256_file(undisturbed / name)
    assert steps(killed) == steps(undisturbed)
    assert not list(killed.rglob("checkpoints"))


def steps(run: Path) -> list[tuple[str, int, float]]:
    """Return every step of the diary with its loss."""
    events = [json.loads(line) for line in (run / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
    return [(event["stage"], event["step"], event["loss"]) for event in events if event["event"] == "step"]


def question_ids(run: Path) -> list[tuple[str, str]]:
    """Return which questions were answered, under which image control."""
    predictions = read_predictions(run / "eval/phantom/predictions.parquet")
    return sorted((each.id, each.image_control) for each in predictions)
