"""The recipe ``micro`` under torchrun: what one process does, done by two; and what a fault of one of them does."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from real_command import ENVIRONMENT, Done, doctorsun
from safetensors.torch import load_file

pytestmark = pytest.mark.slow

STAGES = ("vision-pretrain", "pretrain", "align", "deep-align", "instruct")
EXACT = ("--set", "precision=fp32", "--set", "stages.instruct.trainable.language=full")


def command_of(*arguments: str | Path, torchrun: tuple[str, ...] = ()) -> list[str]:
    launch = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", *torchrun, "-m", "doctorsun")
    return [sys.executable, *launch, *map(str, arguments)]


def on_two_ranks(*arguments: str | Path) -> Done:
    done = subprocess.run(command_of(*arguments), capture_output=True, text=True, check=False, env=ENVIRONMENT)
    return Done(done.returncode, done.stdout, done.stderr)


def steps_of(run: Path) -> list[tuple[object, ...]]:
    events = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    names = ("stage", "step", "samples", "loss")
    return [tuple(event[name] for name in names) for event in events if event["event"] == "step"]


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("one") / "run"
    assert doctorsun("run", "micro", "--out", run, *EXACT).status == 0
    return run


def assert_same_training(run: Path, other: Path) -> None:
    mine, theirs = steps_of(run), steps_of(other)
    assert [step[:3] for step in theirs] == [step[:3] for step in mine]
    assert [step[3] for step in theirs] == pytest.approx([step[3] for step in mine], rel=1e-4)
    for stage in STAGES:
        weights, others = (load_file(each / f"stages/{stage}/weights/model.safetensors") for each in (run, other))
        assert weights.keys() == others.keys()
        far = [name for name, tensor in weights.items() if not torch.allclose(tensor, others[name], atol=1e-3, rtol=0)]
        assert not far


def test_two_ranks_see_the_same_samples_and_end_in_nearly_the_same_weights(tmp_path: Path, one: Path) -> None:
    done = on_two_ranks("run", "micro", "--out", tmp_path / "run", *EXACT, "--set", "evaluation.every_steps=4")
    assert done.status == 0, done.errors
    assert '"event": "evaluation", "stage": "instruct", "step": 4' in (tmp_path / "run/metrics.jsonl").read_text()
    assert done.output.count("everything is done") == 1
    assert_same_training(one, tmp_path / "run")
    assert (tmp_path / "run/report.html").exists()


def test_a_stage_is_trained_by_two_ranks_and_gone_on_with_by_one(tmp_path: Path, one: Path) -> None:
    done = on_two_ranks("train", "micro", "--stage", "deep-align", "--out", tmp_path / "run", *EXACT)
    assert done.status == 0, done.errors
    assert doctorsun("run", "micro", "--out", tmp_path / "run", *EXACT).status == 0
    assert_same_training(one, tmp_path / "run")


def test_an_error_ends_all_ranks_and_is_told_once(tmp_path: Path) -> None:
    done = on_two_ranks("run", "micro", "--out", tmp_path / "run", "--set", "stages.align.lrr=1")
    assert done.status == 1  # torchrun's
    assert done.errors.count("unknown key: got 'lrr'") == 1


def test_a_killed_rank_ends_the_run_and_torchrun_starts_it_again_from_the_last_save(tmp_path: Path, one: Path) -> None:
    command = command_of("run", "micro", "--out", tmp_path / "run", *EXACT, torchrun=("--max-restarts", "1"))
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=ENVIRONMENT) as run:
        output = run.stdout
        assert output
        for line in output:
            if line.startswith("stage 5/5 instruct  1/8"):
                os.kill(other_rank_of(run.pid), signal.SIGKILL)
                break
        rest = output.read()
        assert run.wait() == 0, rest
    assert "everything is done" in rest
    assert_same_training(one, tmp_path / "run")


def other_rank_of(launcher: int) -> int:
    """Return the process of torchrun that is not the first rank."""
    children = Path(f"/proc/{launcher}/task/{launcher}/children").read_text().split()
    ranks = {read_rank(int(child)): int(child) for child in children}
    return ranks["1"]


def read_rank(process: int) -> str:
    variables = Path(f"/proc/{process}/environ").read_bytes().split(b"\0")
    return next((each[5:].decode() for each in variables if each.startswith(b"RANK=")), "")
