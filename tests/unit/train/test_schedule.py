import pytest

from doctorsun.config import StageSection
from doctorsun.train.schedule import lr_factor


def stage(**changes: object) -> StageSection:
    settings = {"trainable": {"language": "full"}, "mixture": [{"source": "x"}], "steps": 10, "batch_samples": 1}
    return StageSection.model_validate(settings | {"lr": 1.0, "warmup_share": 0.0} | changes)


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [("cosine", [1.0, 0.5, 0.0245]), ("linear", [1.0, 0.5, 0.1]), ("constant", [1.0, 1.0, 1.0])],
)
def test_the_rate_falls_as_the_schedule_says(schedule: str, expected: list[float]) -> None:
    found = [lr_factor(stage(schedule=schedule), step, 10) for step in (0, 5, 9)]
    assert found == pytest.approx(expected, abs=1e-3)


def test_warm_up_rises_evenly_to_the_peak() -> None:
    found = [lr_factor(stage(warmup_share=0.4), step, 10) for step in range(5)]
    assert found == pytest.approx([0.25, 0.5, 0.75, 1.0, 1.0])


def test_the_rate_ends_at_its_least_share() -> None:
    assert lr_factor(stage(min_lr_share=0.2), 999, 1000) == pytest.approx(0.2, abs=1e-3)
    assert lr_factor(stage(), 0, 1) == 1.0
