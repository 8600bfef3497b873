import io
import json
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from fake_evaluation import MODEL, write_answers
from huggingface_hub import parse_eval_result_entries
from huggingface_hub.repocard_data import model_index_to_eval_results

from doctorsun.errors import RecipeError
from doctorsun.eval.predictions import read_predictions
from doctorsun.eval.scoring import score, write_scores
from doctorsun.report.evaluation.record import TaskRecord, read_evaluation
from doctorsun.report.exports.inspect_log import inspect_log
from doctorsun.report.exports.lm_eval import lm_eval_results
from doctorsun.report.exports.model_index import model_index
from doctorsun.report.exports.write import write_export


def task_of(folder: Path) -> TaskRecord:
    return read_evaluation(folder).tasks[0]


def files_of(log: bytes) -> dict:
    with zipfile.ZipFile(io.BytesIO(log)) as archive:
        return {name: json.loads(archive.read(name)) for name in archive.namelist()}


def test_lm_eval_shape_holds_every_score_with_its_control(evaluation: Path) -> None:
    results = lm_eval_results(read_evaluation(evaluation))
    tasks = {f"phantom_{language}_{kind}" for language in ("en", "zh") for kind in ("closed", "mcq", "open", "box")}
    for part in ("results", "configs", "versions", "n-shot", "higher_is_better", "n-samples", "group_subtasks"):
        assert set(results[part]) == tasks
    closed = results["results"]["phantom_en_closed"]
    assert (closed["accuracy,polarity@2"], closed["accuracy,polarity@2 blank"]) == (1.0, 0.0)
    (score,) = [
        row
        for row in task_of(evaluation).scores
        if (row.language, row.kind, row.metric, row.control, row.slice) == ("en", "closed", "accuracy", "real", None)
    ]
    width = closed["accuracy_stderr,polarity@2"] * 2 * 1.96
    assert width == pytest.approx(score.high - score.low, rel=1e-3)
    assert results["n-samples"]["phantom_en_closed"]["effective"] == score.n
    assert results["config"]["model"] == MODEL


def test_an_inspect_log_holds_answers_verdicts_and_scores(evaluation: Path) -> None:
    task = task_of(evaluation)
    files = files_of(inspect_log(task, "real"))
    header = files["header.json"]
    assert (header["version"], header["status"], header["eval"]["model"]) == (2, "success", MODEL)
    ids = header["eval"]["dataset"]["sample_ids"]
    assert len(ids) == 48
    assert [each["id"] for each in files["summaries.json"]] == ids
    row = next(row for row in task.predictions if row.image_control == "real" and row.kind == "closed")
    sample = files[f"samples/{row.id}_epoch_1.json"]
    assert sample["input"] == row.prompt
    assert sample["output"]["choices"][0]["message"]["content"] == row.output
    assert sample["scores"]["polarity@2"]["value"] in (0.0, 1.0)
    (score,) = [each for each in header["results"]["scores"] if each["name"] == "polarity@2/en/closed"]
    assert score["metrics"]["accuracy"]["value"] == 1.0


def test_a_failed_answer_is_an_error_of_its_sample(evaluation: Path, tmp_path: Path) -> None:
    rows = read_predictions(evaluation / "phantom/predictions.parquet")
    failed = replace(rows[0], status="error", output="out of memory", truncated=False)
    cut = replace(rows[2], truncated=True)
    write_answers(tmp_path / "phantom", [failed, rows[1], cut, *rows[3:]])
    files = files_of(inspect_log(task_of(tmp_path), "real"))
    assert files[f"samples/{failed.id}_epoch_1.json"]["error"]["message"] == "out of memory"
    assert files[f"samples/{failed.id}_epoch_1.json"]["output"]["choices"] == []
    assert files[f"samples/{cut.id}_epoch_1.json"]["output"]["choices"][0]["stop_reason"] == "max_tokens"
    assert files["header.json"]["results"]["completed_samples"] == 47


def test_equal_answers_give_equal_logs(evaluation: Path) -> None:
    assert inspect_log(task_of(evaluation), "blank") == inspect_log(task_of(evaluation), "blank")


def test_a_model_card_reads_the_index_back(evaluation: Path) -> None:
    card = yaml.safe_load(model_index(read_evaluation(evaluation), {"phantom": "owner/phantom"}))
    name, results = model_index_to_eval_results(card["model-index"])
    assert name == MODEL
    (found,) = [
        each
        for each in results
        if (each.metric_type, each.dataset_config) == ("accuracy", "en") and each.metric_args["kind"] == "closed"
    ]
    assert (found.metric_value, found.dataset_type, found.dataset_name) == (100.0, "owner/phantom", "phantom")
    assert "best control (blank) 0.0%" in found.metric_args["details"]


def test_exports_give_a_kit_its_own_headline(evaluation: Path, tmp_path: Path) -> None:
    folder, out = tmp_path / "in/phantom", tmp_path / "out"
    rows = [row for row in read_predictions(evaluation / "phantom/predictions.parquet") if row.language == "en"]
    rows = [row for row in rows if row.kind in ("closed", "open")]
    write_answers(folder, rows)
    write_scores(folder / "scores.json", score(rows, protocols=("llava_med@1",)))
    write_export(folder.parent, "eval-results", out, {"phantom": "owner/phantom"})
    notes = [
        yaml.safe_load((out / f".eval_results/phantom_en_{kind}.yaml").read_text(encoding="utf-8"))[0]["notes"]
        for kind in ("closed", "open")
    ]
    assert [note.partition(";")[0] for note in notes] == ["accuracy", "recall"]
    card = yaml.safe_load(model_index(read_evaluation(folder.parent), {}))
    _, results = model_index_to_eval_results(card["model-index"])
    first = {each.metric_args["kind"]: each.metric_type for each in reversed(results)}
    assert first == {"closed": "accuracy", "open": "recall"}


def test_files_for_the_hub_are_read_by_its_client(evaluation: Path, tmp_path: Path) -> None:
    paths = write_export(evaluation, "eval-results", tmp_path, {"phantom": "owner/phantom"})
    assert len(paths) == 8
    path = tmp_path / ".eval_results/phantom_en_closed.yaml"
    (entry,) = parse_eval_result_entries(yaml.safe_load(path.read_text(encoding="utf-8")))
    assert (entry.dataset_id, entry.task_id, entry.value) == ("owner/phantom", "phantom_en_closed", 100.0)
    assert "polarity@2" in str(entry.notes)


@pytest.mark.parametrize(("facts", "split"), [({"split": "validation"}, "validation"), ({}, "test")])
def test_exports_tell_the_split_that_was_asked(
    evaluation: Path, tmp_path: Path, facts: dict[str, str], split: str
) -> None:
    folder, out = tmp_path / "in/phantom", tmp_path / "out"
    write_answers(folder, read_predictions(evaluation / "phantom/predictions.parquet"))
    (folder / "task.json").write_text(json.dumps(facts), encoding="utf-8")
    card = yaml.safe_load(model_index(read_evaluation(folder.parent), {}))
    _, results = model_index_to_eval_results(card["model-index"])
    assert {each.dataset_split for each in results} == {split}
    for path in write_export(folder.parent, "eval-results", out, {"phantom": "owner/phantom"}):
        assert f"; {split} split; " in path.read_text(encoding="utf-8")


def test_a_task_without_a_data_set_on_the_hub_is_refused(evaluation: Path, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"no data set on the Hub for task phantom.*--dataset phantom=OWNER/NAME"):
        write_export(evaluation, "eval-results", tmp_path, {"phantom": "phantom"})


def test_forms_are_files_or_folders(evaluation: Path, tmp_path: Path) -> None:
    assert write_export(evaluation, "lm-eval", tmp_path / "results.json", {}) == [tmp_path / "results.json"]
    assert json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))["model_name"] == MODEL
    assert write_export(evaluation, "model-index", tmp_path / "card.yaml", {}) == [tmp_path / "card.yaml"]
    logs = write_export(evaluation, "inspect", tmp_path / "logs", {})
    assert [path.name for path in logs] == ["phantom_real.eval", "phantom_blank.eval"]
    assert all(path.stat().st_size > 1000 for path in logs)
