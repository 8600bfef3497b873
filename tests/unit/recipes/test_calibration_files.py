"""The files of calibration."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from doctorsun.errors import DataError
from doctorsun.eval.predictions import write_predictions
from doctorsun.recipes.calibration import calibrate_task, calibrate_weights
from doctorsun.schema import Prediction


def answers(num: int, *, task: str = "phantom", likely: bool = True) -> list[Prediction]:
    rng = np.random.default_rng(5)
    return [
        Prediction(
            id=str(number),
            task=task,
            language="en",
            kind="closed",
            question="Is there a nodule?",
            options=(),
            gold=(("yes", "no")[int(rng.random() < 0.4)],),
            output="yes",
            cluster=str(number),
            revision="r1",
            option_logprobs=(float(rng.normal(0.5)), 0.0) if likely else (),
        )
        for number in range(num)
    ]


def _written(weights: Path, files: list[Path]) -> Path:
    path = calibrate_weights(weights, "r1", files, print)
    assert path
    return path


def test_a_task_has_its_calibration_beside_its_answers(tmp_path: Path) -> None:
    write_predictions(tmp_path / "predictions.parquet", answers(80))

    path = calibrate_task(tmp_path / "predictions.parquet")

    assert path == tmp_path / "calibration.json"
    content = json.loads(path.read_text())
    assert content["version"] == 1
    assert content["kinds"]["closed"]["num_clusters"] == 80
    assert [each["target_risk"] for each in content["kinds"]["closed"]["abstention"]] == [0.05, 0.1, 0.2]


def test_questions_asked_under_an_attack_calibrate_nothing(tmp_path: Path) -> None:
    plain = answers(80)
    attacked = [replace(row, id=f"{row.id}!", variant_of=row.id, variant_kind="injection") for row in plain]
    kinds: list[str] = []
    for name, rows in (("plain", plain), ("attacked", [*plain, *attacked])):
        (tmp_path / name).mkdir()
        write_predictions(tmp_path / name / "predictions.parquet", rows)
        path = calibrate_task(tmp_path / name / "predictions.parquet")
        assert path
        kinds.append(json.loads(path.read_text())["kinds"])
    assert kinds[0] == kinds[1]


def test_a_calibration_of_answers_that_went_is_withdrawn(tmp_path: Path) -> None:
    write_predictions(tmp_path / "predictions.parquet", answers(80, likely=False))
    (tmp_path / "calibration.json").write_text("{}")

    assert calibrate_task(tmp_path / "predictions.parquet") is None
    assert not (tmp_path / "calibration.json").exists()


def test_weights_get_one_calibration_from_all_tasks(tmp_path: Path) -> None:
    files = [tmp_path / name / "predictions.parquet" for name in ("a", "b")]
    for path, rows in zip(files, (answers(40, task="a"), answers(30, task="b")), strict=True):
        write_predictions(path, rows)

    content = json.loads(_written(tmp_path, files).read_text())

    assert (content["tasks"], content["revision"]) == (["a", "b"], "r1")
    assert len(content["predictions"]["a"]) == 64
    assert content["kinds"]["closed"]["num_fitted"] + content["kinds"]["closed"]["num_measured"] == 70


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        (answers(80, likely=False), "no answers with likelihoods of options"),
        (answers(12), "closed: 4 images in a half, at least 10 are needed"),
    ],
)
def test_weights_that_cannot_be_calibrated_are_told_why(tmp_path: Path, rows: list[Prediction], why: str) -> None:
    write_predictions(tmp_path / "predictions.parquet", rows)
    told: list[str] = []

    assert calibrate_weights(tmp_path, "r1", [tmp_path / "predictions.parquet"], told.append) is None
    assert told == [f"no calibration of {tmp_path}: {why}; ask more closed or multiple-choice questions"]
    assert not (tmp_path / "calibration.json").exists()


def test_answers_of_other_weights_calibrate_none(tmp_path: Path) -> None:
    write_predictions(tmp_path / "predictions.parquet", answers(80))

    with pytest.raises(DataError, match="got answers of revision r1, expected r2"):
        calibrate_weights(tmp_path, "r2", [tmp_path / "predictions.parquet"], print)
    assert not (tmp_path / "calibration.json").exists()
