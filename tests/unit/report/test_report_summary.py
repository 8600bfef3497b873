import json
from pathlib import Path

from fake_run import write_info

from doctorsun.report.record import read_run
from doctorsun.report.summary import summarise


def test_shares_add_up_training_stores_and_put_question_types_together(finished_run: Path) -> None:
    shares = summarise(read_run(finished_run), [], [], "en")["data"]["shares"]
    assert shares["domain"] == {"medical": 2 / 3, "general": 1 / 3}
    assert shares["task"]["presence"] == 70 / 120
    assert all(abs(sum(part.values()) - 1) < 1e-9 for part in shares.values())


def test_run_without_a_training_store_shares_what_it_has(begun_run: Path) -> None:
    write_info(begun_run, data={"vqa_rad/test": {"counts": {"language": {"en": 4}}}})
    shares = summarise(read_run(begun_run), [], [], "en")["data"]["shares"]
    assert shares == {"language": {"en": 1.0}}


def test_times_add_up_ended_stages_open_stages_and_evaluations(begun_run: Path) -> None:
    lines = [
        {"event": "stage_end", "stage": "align", "wall_s": 10.0},
        {"event": "step", "stage": "instruct", "step": 1, "step_s": 2.0},
        {"event": "step", "stage": "instruct", "step": 2, "step_s": 3.0},
        {"event": "eval", "task": "phantom", "wall_s": 5.0},
    ]
    (begun_run / "metrics.jsonl").write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    summary = summarise(read_run(begun_run), [], [], "en")
    assert summary["wall_s"] == 20.0
    assert summary["state"] == {"is_finished": False, "stage": "instruct", "step": 2, "num_steps": 0}


def test_numbers_that_are_not_finite_become_null(begun_run: Path) -> None:
    write_info(begun_run, machine={"memory_gib": float("nan"), "list": [float("inf"), 1.0]})
    summary = summarise(read_run(begun_run), [], [], "en")
    assert summary["machine"] == {"memory_gib": None, "list": [None, 1.0]}


def test_stage_has_loss_speed_and_plan(finished_run: Path) -> None:
    stage = summarise(read_run(finished_run), [], [], "en")["stages"][3]
    assert stage["num_steps"] == stage["num_steps_done"] == 60
    assert 0.1 < stage["loss"] < 0.3
    assert stage["samples_per_s"] > 100
    assert stage["trainable_parameters"] == 3_600_000
