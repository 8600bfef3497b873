"""The example of a preference stage, by the commands that stand at its top."""

import json
from pathlib import Path

import pytest
from real_command import doctorsun

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


@pytest.mark.slow
def test_the_example_learns_its_preferences(tmp_path: Path) -> None:
    store, run = tmp_path / "preferences", tmp_path / "run"
    assert doctorsun("data", "import", "preference", EXAMPLES / "preferences.jsonl", "--out", store).status == 0
    given = ("--set", f"data.sources.preferences.splits.train={store}", "--set", "precision=fp32")
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
