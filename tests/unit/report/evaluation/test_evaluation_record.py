import json
from dataclasses import replace
from pathlib import Path

import pytest
from fake_evaluation import MODEL, write_answers

from doctorsun.errors import DataError
from doctorsun.eval.predictions import read_predictions
from doctorsun.eval.scoring import score, write_scores
from doctorsun.report.evaluation.record import is_evaluation, protocols_of, read_evaluation


def test_tasks_controls_and_models_are_read(evaluation: Path) -> None:
    record = read_evaluation(evaluation)
    (task,) = record.tasks
    assert (task.name, task.controls, record.title) == ("phantom", ("real", "blank"), MODEL)
    assert [each["model"] for each in record.models] == [MODEL]
    assert task.protocols()["closed", "en", "real"] == ["polarity@2"]
    assert [store.folder.name for store in task.stores()] == ["store"]


def test_a_run_is_no_evaluation(evaluation: Path, finished_run: Path) -> None:
    assert is_evaluation(evaluation)
    assert not is_evaluation(finished_run)
    assert not is_evaluation(evaluation / "phantom")


def test_an_evaluation_without_names_of_models_is_called_by_its_folder(evaluation: Path, tmp_path: Path) -> None:
    rows = read_predictions(evaluation / "phantom/predictions.parquet")
    write_answers(tmp_path / "theirs/phantom", [replace(row, model="") for row in rows])
    assert read_evaluation(tmp_path / "theirs").title == "theirs"


def test_the_store_that_the_facts_name_is_used(evaluation: Path, tmp_path: Path) -> None:
    write_answers(tmp_path / "phantom", read_predictions(evaluation / "phantom/predictions.parquet"))
    facts = tmp_path / "phantom/task.json"
    facts.write_text(json.dumps({"store": str(evaluation / "phantom/store")}), encoding="utf-8")
    assert [store.folder for store in read_evaluation(tmp_path).tasks[0].stores()] == [evaluation / "phantom/store"]
    facts.write_text(json.dumps({"store": str(tmp_path / "gone")}), encoding="utf-8")
    assert read_evaluation(tmp_path).tasks[0].stores() == []


def test_a_folder_without_scores_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"a folder without TASK/scores\.json, expected the --out folder of doctorsun"):
        read_evaluation(tmp_path)


@pytest.mark.parametrize(("text", "got"), [("{", "broken JSON"), ("[]", "got a list, expected a JSON object")])
def test_broken_facts_are_named(evaluation: Path, tmp_path: Path, text: str, got: str) -> None:
    write_answers(tmp_path / "phantom", read_predictions(evaluation / "phantom/predictions.parquet"))
    (tmp_path / "phantom/leakage.json").write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=rf"leakage\.json.*{got}"):
        read_evaluation(tmp_path)


def test_protocols_of_one_name_are_told_apart_by_the_kind_they_judge() -> None:
    found = {kind: protocols_of(["llava_med@1", "their_judge"], kind) for kind in ("closed", "open", "box")}
    assert [[each.metrics[0] for each in protocols] for protocols in found.values()] == [["accuracy"], ["recall"], []]


def test_the_house_protocol_judges_first(evaluation: Path, tmp_path: Path) -> None:
    rows = [row for row in read_predictions(evaluation / "phantom/predictions.parquet") if row.kind == "open"]
    write_answers(tmp_path / "phantom", rows)
    write_scores(tmp_path / "phantom/scores.json", score(rows, protocols=("llava_med@1", "open_tokens@1")))
    assert read_evaluation(tmp_path).tasks[0].protocols()["open", "en", "real"] == ["open_tokens@1", "llava_med@1"]


def test_the_evaluation_of_a_run_finds_its_images_in_the_run(finished_run: Path) -> None:
    assert is_evaluation(finished_run / "eval")
    (task,) = read_evaluation(finished_run / "eval").tasks
    assert [store.folder for store in task.stores()] == [finished_run / "stores/phantom/test"]
