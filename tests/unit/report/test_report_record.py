import json
from pathlib import Path

import pytest

from doctorsun.errors import DataError, RecipeError
from doctorsun.report.record import read_run


def test_folder_without_run_json_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(
        RecipeError, match=r"got a folder without run\.json, expected the folder of a run; check the path"
    ):
        read_run(tmp_path)


def test_broken_run_json_is_named(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text("{", encoding="utf-8")
    with pytest.raises(DataError, match=r"run\.json: got broken JSON \(.*\), expected a JSON object"):
        read_run(tmp_path)


def test_run_json_of_another_shape_is_named(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text("[]", encoding="utf-8")
    with pytest.raises(DataError, match=r"run\.json: got a list, expected a JSON object"):
        read_run(tmp_path)


def test_broken_scores_are_named(begun_run: Path) -> None:
    (begun_run / "eval/phantom").mkdir(parents=True)
    (begun_run / "eval/phantom/scores.json").write_text('{"scores": [{"task": "x"}]}', encoding="utf-8")
    with pytest.raises(DataError, match=r"scores .*scores\.json: got TypeError"):
        read_run(begun_run)


def test_scores_of_all_tasks_are_read(finished_run: Path, begun_run: Path) -> None:
    record = read_run(finished_run)
    assert record.is_finished
    assert {score.task for score in record.scores} == {"phantom"}
    assert not read_run(begun_run).is_finished
    assert read_run(begun_run).scores == ()


def test_paired_tests_of_all_tasks_are_read(begun_run: Path) -> None:
    for task in ("one", "other"):
        (begun_run / "eval" / task).mkdir(parents=True)
        (begun_run / "eval" / task / "controls.json").write_text(
            json.dumps({"rows": [{"task": task}]}), encoding="utf-8"
        )
    assert [row["task"] for row in read_run(begun_run).margins] == ["one", "other"]
    (begun_run / "eval/one/controls.json").write_text("[]", encoding="utf-8")
    with pytest.raises(DataError, match=r"controls\.json: got a list, expected a JSON object"):
        read_run(begun_run)


def test_stores_outside_of_the_run_are_those_that_its_recipe_names(tmp_path: Path) -> None:
    made = {"reader": "store", "splits": {"train": "a", "test": "b", "validation": "a"}}
    recipe = {"data": {"sources": {"made": made, "drawn": {"reader": "phantom"}}}}
    (tmp_path / "run.json").write_text(json.dumps({"recipe": recipe}), encoding="utf-8")
    assert read_run(tmp_path).held_out_stores() == [Path("b"), Path("a")]
