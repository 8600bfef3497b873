import json
from pathlib import Path

import pytest

from doctorsun.report.progress import Progress, StageProgress, read_progress


def write_lines(folder: Path, *lines: str | dict[str, object]) -> Path:
    path = folder / "metrics.jsonl"
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    path.write_text("\n".join(texts) + "\n", encoding="utf-8")
    return path


def step(number: int, loss: float = 1.0, **facts: object) -> dict[str, object]:
    return {"event": "step", "stage": "align", "step": number, "loss": loss, "step_s": 0.5, **facts}


START: dict[str, object] = {"event": "stage_start", "stage": "align", "num_steps": 10}


def only_stage(path: Path) -> StageProgress:
    (stage,) = read_progress(path).stages
    return stage


def test_missing_file_is_a_run_that_has_not_begun(tmp_path: Path) -> None:
    assert read_progress(tmp_path / "metrics.jsonl") == Progress()


def test_stage_knows_its_plan_steps_and_end(tmp_path: Path) -> None:
    end = {"event": "stage_end", "stage": "align", "wall_s": 4.5}
    stage = only_stage(write_lines(tmp_path, START, step(1), step(2, 0.5), end))
    assert (stage.name, stage.num_steps, stage.num_steps_done, stage.wall_s) == ("align", 10, 2, 4.5)
    assert stage.series("loss") == [(1.0, 1.0), (2.0, 0.5)]


def test_steps_repeated_after_an_interruption_count_once(tmp_path: Path) -> None:
    stage = only_stage(write_lines(tmp_path, START, step(1), step(2, 9.0), START, step(2, 0.5), step(3, 0.25)))
    assert stage.series("loss") == [(1.0, 1.0), (2.0, 0.5), (3.0, 0.25)]


def test_half_written_last_line_is_no_damage_but_one_in_the_middle_is_counted(tmp_path: Path) -> None:
    torn = '{"event": "step", "sta'
    assert read_progress(write_lines(tmp_path, START, step(1), torn)).num_unreadable_lines == 0
    progress = read_progress(write_lines(tmp_path, START, torn + json.dumps(START), step(1), torn))
    assert progress.num_unreadable_lines == 1
    assert progress.stages[0].num_steps_done == 1


def test_loss_that_is_not_finite_leaves_a_gap(tmp_path: Path) -> None:
    stage = only_stage(write_lines(tmp_path, START, step(1), step(2, float("nan")), step(3, 0.5)))
    assert stage.series("loss") == [(1.0, 1.0), (3.0, 0.5)]
    assert stage.num_steps_done == 3


def test_rates_are_per_second(tmp_path: Path) -> None:
    lines = (START, step(1, supervised_tokens=100), step(2, supervised_tokens=300, step_s=1.5), step(3, step_s=0.0))
    stage = only_stage(write_lines(tmp_path, *lines))
    assert stage.rate("supervised_tokens") == [(1.0, 200.0), (2.0, 200.0)]
    assert stage.mean_rate("supervised_tokens") == pytest.approx(400 / 2.0)
    assert stage.mean_rate("samples") is None


def test_recent_loss_is_a_mean_of_the_last_steps(tmp_path: Path) -> None:
    stage = only_stage(write_lines(tmp_path, START, *(step(n, float(n)) for n in range(1, 31))))
    assert stage.recent_loss(window=2) == 29.5
    assert only_stage(write_lines(tmp_path, START)).recent_loss() is None


def test_validation_and_evaluation_are_kept_apart(tmp_path: Path) -> None:
    lines = (
        START,
        {"event": "validation", "stage": "align", "step": 5, "loss": 0.7},
        {"event": "validation", "stage": "align", "step": 6, "loss": float("nan")},
        {"event": "eval", "task": "phantom", "wall_s": 20.0, "time": 3.0},
        {"event": "something newer", "stage": "align"},
    )
    progress = read_progress(write_lines(tmp_path, *lines))
    assert progress.stages[0].validation == ((5.0, 0.7),)
    assert progress.stages[0].num_steps_done == 0
    assert progress.evaluation_wall_s == {"phantom": 20.0}
    assert progress.last_time == 3.0


def test_losses_and_scores_are_told_apart_by_name(tmp_path: Path) -> None:
    lines = [step(1, loss_by_source={"b": 2.0, "a": 1.0}), step(2, loss_by_source={"a": float("nan"), "b": 3.0})]
    scores = {"event": "evaluation", "stage": "align", "step": 2, "scores": {"phantom/closed/en/accuracy": 0.5}}
    stage = only_stage(write_lines(tmp_path, START, *lines, scores))
    assert stage.series_by("loss_by_source") == {"a": [(1.0, 1.0)], "b": [(1.0, 2.0), (2.0, 3.0)]}
    assert stage.series_by("loss_by_language") == {}
    assert stage.score_series() == {"phantom/closed/en/accuracy": [(2.0, 0.5)]}


def test_the_best_step_has_the_lowest_validation_loss(tmp_path: Path) -> None:
    losses = {2: 1.5, 4: 0.5, 6: 0.75}
    events = [{"event": "validation", "stage": "align", "step": at, "loss": loss} for at, loss in losses.items()]
    stage = only_stage(write_lines(tmp_path, START, *events))
    assert (stage.best_step, stage.validations[6]["loss"]) == (4, 0.75)
    assert StageProgress(name="align").best_step is None


def test_means_are_over_the_steps_that_tell_them(tmp_path: Path) -> None:
    stage = only_stage(write_lines(tmp_path, START, step(1, mfu=0.25), step(2), step(3, mfu=0.75)))
    assert (stage.mean("mfu"), stage.mean("peak_memory_gib")) == (0.5, None)
