"""A run that is killed with SIGKILL, again and again, ends as if nothing had happened."""

import json
import subprocess
import sys
from pathlib import Path

from real_command import ENVIRONMENT, Done

from doctorsun.eval.predictions import read_predictions
from doctorsun.storage.atomic import sha256_file
from doctorsun.storage.store import Store

SCRIPT = Path(__file__).with_name("run_until_killed.py")
SEED = "20260"


def test_a_run_that_is_killed_often_ends_in_the_same_weights(micro: tuple[Path, Done], tmp_path: Path) -> None:
    undisturbed, killed = micro[0], tmp_path / "run"
    command = [sys.executable, str(SCRIPT), str(killed), SEED]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=ENVIRONMENT)
    assert done.returncode == 0, f"{done.stdout}{done.stderr}"
    assert done.stdout.count("killed before operation") >= 10

    name = "weights/model.safetensors"
    assert sha256_file(killed / name) == sha256_file(undisturbed / name)
    for store in ("documents/train", "phantom/test"):
        assert Store(killed / "stores" / store).sha256 == Store(undisturbed / "stores" / store).sha256
    assert question_ids(killed) == question_ids(undisturbed)
    assert steps(killed) == steps(undisturbed)
    assert json.loads((killed / "report.json").read_text(encoding="utf-8"))["state"]["is_finished"]
    assert not list(killed.rglob("checkpoints"))


def steps(run: Path) -> list[tuple[str, int, float]]:
    """Return every step of the diary with its loss."""
    events = [json.loads(line) for line in (run / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
    return [(event["stage"], event["step"], event["loss"]) for event in events if event["event"] == "step"]


def question_ids(run: Path) -> list[tuple[str, str]]:
    """Return which questions were answered, under which image control."""
    predictions = read_predictions(run / "eval/phantom/predictions.parquet")
    return sorted((each.id, each.image_control) for each in predictions)
