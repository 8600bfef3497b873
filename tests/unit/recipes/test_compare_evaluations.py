"""The comparison of two evaluations on disk."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from doctorsun.errors import DataError, RecipeError
from doctorsun.eval.predictions import write_predictions
from doctorsun.eval.scoring import score, write_scores
from doctorsun.recipes.compare_evaluations import compare_evaluations, write_comparison
from doctorsun.schema import Prediction


def answers(model: str, num_right: int, task: str = "vqa_rad") -> list[Prediction]:
    return [
        Prediction(
            id=str(number),
            task=task,
            language="en",
            kind="closed",
            question="Is there a nodule?",
            options=(),
            gold=("yes",),
            output="yes" if number < num_right else "no",
            cluster=str(number),
            model=model,
        )
        for number in range(60)
    ]


def evaluation(folder: Path, *sets: list[Prediction], protocols: tuple[str, ...] = ()) -> Path:
    for rows in sets:
        write_predictions(folder / rows[0].task / "predictions.parquet", rows)
        write_scores(folder / rows[0].task / "scores.json", score(rows, protocols=protocols))
    return folder


@pytest.fixture
def one(tmp_path: Path) -> Path:
    return evaluation(tmp_path / "a", answers("small", 20))


def test_two_evaluations_are_compared_on_the_tasks_of_both(one: Path, tmp_path: Path) -> None:
    other = evaluation(tmp_path / "b", answers("large", 50), answers("large", 9, "phantom"))

    compared = compare_evaluations(one, other)

    row = next(row for row in compared.rows if row.metric == "accuracy")
    assert (compared.one, compared.other, row.only_one, row.only_other) == ("small", "large", 0, 30)
    assert compared.remarks == ("task phantom: only large was asked",)
    assert len(compared.files) == 3


def test_it_is_written_as_json_and_as_a_table(one: Path, tmp_path: Path) -> None:
    other = evaluation(tmp_path / "b", answers("large", 50))

    path = write_comparison(compare_evaluations(one, other), tmp_path / "out")

    assert json.loads(path.read_text())["rows"][0]["difference"] == 0.5
    page = (tmp_path / "out/comparison.md").read_text()
    assert "| vqa_rad | en | closed | polarity@2 | macro_accuracy | 0.3333 | 0.8333 | +0.5000 |" in page
    assert page.count("| different |") == 2  # as a headline and among all


def test_runs_files_and_task_folders_are_found_alike(one: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    evaluation(run / "eval", answers("large", 50))
    (run / "run.json").write_text("{}")

    found = [
        compare_evaluations(one, place).rows[0].value_other
        for place in (run, run / "eval/vqa_rad", run / "eval/vqa_rad/predictions.parquet")
    ]

    assert found == [pytest.approx(5 / 6)] * 3


def test_models_of_one_name_are_told_apart_by_their_folders(one: Path, tmp_path: Path) -> None:
    compared = compare_evaluations(one, evaluation(tmp_path / "b", answers("small", 30)))

    assert (compared.one, compared.other) == ("a", "b")


def test_scores_by_other_protocols_are_refused_unless_one_is_named(one: Path, tmp_path: Path) -> None:
    other = tmp_path / "b"
    evaluation(other, answers("large", 50))
    scores = json.loads((other / "vqa_rad/scores.json").read_text())
    for row in scores["scores"]:
        row["protocol"] = "llava_med@1"
    (other / "vqa_rad/scores.json").write_text(json.dumps(scores))

    with pytest.raises(DataError, match="closed questions: protocols of small and large differ: got polarity@2 and"):
        compare_evaluations(one, other)
    assert compare_evaluations(one, other, ["polarity@2"]).rows
    assert compare_evaluations(one, other, ["polarity@2"]).remarks == ()


def test_protocols_of_one_alone_are_told(one: Path, tmp_path: Path) -> None:
    other = evaluation(tmp_path / "b", answers("large", 50), protocols=("polarity@2", "multimedeval@1"))

    compared = compare_evaluations(one, other)

    assert {row.protocol for row in compared.rows} == {"polarity@2"}
    line = "task vqa_rad, closed: only large is scored by multimedeval@1; not compared"
    assert compared.remarks == (line,)


def test_what_cannot_be_compared_is_said(one: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="share no task: got vqa_rad and phantom, expected at least one task that both"):
        compare_evaluations(one, evaluation(tmp_path / "b", answers("large", 9, "phantom")))
    with pytest.raises(RecipeError, match=r"got no predictions.parquet, expected a run or an evaluation that has"):
        compare_evaluations(one, tmp_path / "nothing")
    with pytest.raises(RecipeError, match=r"comparison of .*: got the same place twice, expected two evaluations"):
        compare_evaluations(one, one)
    mixed = evaluation(tmp_path / "c", [*answers("large", 3), *(replace(row, model="x") for row in answers("", 1))])
    with pytest.raises(DataError, match="c, task vqa_rad: got answers of large, x, expected answers of one model"):
        compare_evaluations(one, mixed)
