"""What a stage counts: samples that are too long are no damage."""

import json
from pathlib import Path
from typing import Any

import pytest

from doctorsun.errors import DataError
from doctorsun.storage.store import Store
from doctorsun.train.health import StageHealth
from doctorsun.train.loader import StepBatch
from doctorsun.train.plan import Pool, StagePlan
from doctorsun.train.telemetry import Telemetry


def batch(*, used: int = 0, shortened: int = 0, too_long: int = 0) -> StepBatch:
    return StepBatch((), used, used, used, (), 0, shortened, too_long)


@pytest.fixture
def health(images_store: Store, tmp_path: Path) -> StageHealth:
    plan = StagePlan([Pool.select("made", images_store)], [1.0], batch_samples=10, num_steps=4, seed=1)
    return StageHealth("instruct", plan, Telemetry(tmp_path / "metrics.jsonl"))


def events(health: StageHealth) -> list[dict[str, Any]]:
    path = health.telemetry.path
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def test_samples_that_are_too_long_are_no_damage(health: StageHealth) -> None:
    for step in range(3):
        health.count_batch(step, batch(used=5, shortened=2, too_long=5))
    assert health.lengths() == {"samples": 30, "shortened": 6, "too_long": 15}
    assert health.num_quarantined == 0


def test_the_first_of_them_is_told_once(health: StageHealth) -> None:
    for step, each in enumerate((batch(used=10), batch(used=10, shortened=1), batch(used=9, too_long=1))):
        health.count_batch(step, each)
    (told,) = events(health)
    assert (told["event"], told["stage"], told["step"]) == ("note", "instruct", 2)
    assert told["text"] == "instruct has samples longer than max_length; the end of the stage tells how many"


def test_a_step_of_which_all_is_too_long_says_so(health: StageHealth) -> None:
    expected = "step 1 of instruct holds nothing to learn from: got 10 samples, all too long, expected samples whose "
    expected += "first turn fits max_length; raise the stage's max_length, or its batch"
    with pytest.raises(DataError) as raised:
        health.count_batch(0, batch(too_long=10))
    assert str(raised.value) == expected


def test_samples_of_a_step_without_a_gradient_are_named_as_a_user_finds_them(health: StageHealth) -> None:
    for step in range(2):
        health.count_gradient(step, is_finite=False)
    with pytest.raises(DataError) as raised:
        health.count_gradient(2, is_finite=False)
    ref = health.plan.step(2)[0]
    sample = health.plan.pools[0].store[ref.row]
    origin = f"{sample.source.dataset} {sample.source.original_id}".strip()
    assert f"look at the samples {sample.id} (made, row {ref.row}: {origin}), " in raised.value.do
    assert len(events(health)) == 3


def test_the_counts_go_on_after_an_interruption(health: StageHealth) -> None:
    health.count_batch(0, batch(used=7, shortened=2, too_long=3))
    again = StageHealth("instruct", health.plan, health.telemetry)
    again.resume(json.loads(json.dumps(health.state())))
    again.count_batch(1, batch(used=10, shortened=1))
    assert again.lengths() == {"samples": 20, "shortened": 3, "too_long": 3}
    assert len(events(health)) == 1
