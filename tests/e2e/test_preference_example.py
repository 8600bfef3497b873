"""The example of a preference stage, by the commands that stand at its top."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from real_command import ENVIRONMENT, doctorsun

from doctorsun.config.collection import ImportSource
from doctorsun.data.formats import open_import
from doctorsun.schema import Sample

EXAMPLES = Path(__file__).parents[2] / "examples"


def test_all_records_of_the_example_are_pairs() -> None:
    reader = open_import(ImportSource(format="preference", path=str(EXAMPLES / "preferences.jsonl")))
    items = [reader.make(pending) for pending in reader.pending()]
    samples = [each for item in items if isinstance(item, tuple) for each in item]
    assert len(samples) == len(items) == 8
    assert all(isinstance(each, Sample) and each.rejected for each in samples)


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    """Import the example's records; return what gives their store to the recipe."""
    store = tmp_path_factory.mktemp("stores") / "preferences"
    assert doctorsun("data", "import", "preference", EXAMPLES / "preferences.jsonl", "--out", store).status == 0
    return ("--set", f"data.sources.preferences.splits.train={store}", "--set", "precision=fp32")


@pytest.mark.slow
def test_the_example_learns_its_preferences(tmp_path: Path, given: tuple[str, ...]) -> None:
    run = tmp_path / "run"
    assert doctorsun("check", EXAMPLES / "prefer.yaml", *given).status == 0
    done = doctorsun("run", EXAMPLES / "prefer.yaml", "--out", run, *given)
    assert done.status == 0, done.errors
    assert "start of prefer  16/16" in done.output
    events = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    first, *_, last = [event for event in events if event["event"] == "step" and event["stage"] == "prefer"]
    assert first["loss"] == pytest.approx(0.6931, abs=1e-3)
    assert last["loss"] < 0.3
    assert last["reward_accuracy"] == 1.0
    assert "Pairs whose better reply is preferred" in (run / "report.html").read_text(encoding="utf-8")
    assert (run / "stages/prefer/adapters/language/adapter_config.json").is_file()


@pytest.mark.slow
@pytest.mark.parametrize("line", ["start of prefer  4/64", "stage 2/2 prefer  1/64"])
def test_a_killed_example_goes_on_and_ends_in_the_same_weights(
    tmp_path: Path, given: tuple[str, ...], line: str
) -> None:
    few = ("--set", "stages.prefer.batch_samples=1", *given)  # 64 steps
    undisturbed, killed = tmp_path / "undisturbed", tmp_path / "killed"
    assert doctorsun("run", EXAMPLES / "prefer.yaml", "--out", undisturbed, *few).status == 0
    command = [sys.executable, "-u", "-m", "doctorsun", "run", EXAMPLES / "prefer.yaml", "--out", killed, *few]
    with subprocess.Popen([*map(str, command)], stdout=subprocess.PIPE, text=True, env=ENVIRONMENT) as process:
        assert process.stdout
        for written in process.stdout:
            if written.startswith(line):
                process.kill()
        assert process.wait() == -signal.SIGKILL
    assert not (killed / "stages/prefer/weights").exists()
    assert doctorsun("run", EXAMPLES / "prefer.yaml", "--out", killed, *few).status == 0
    files = [run / "stages/prefer/weights/model.safetensors" for run in (undisturbed, killed)]
    assert files[0].read_bytes() == files[1].read_bytes()
    lines = [(run / "stages/prefer/reference.jsonl").read_text().splitlines() for run in (undisturbed, killed)]
    assert [each for each in lines[0] if '"key"' in each] == [each for each in lines[1] if '"key"' in each]
