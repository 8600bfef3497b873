import io
import json
from dataclasses import replace
from pathlib import Path

import pytest
from fake_run import fake_scores, write_scores
from rich.console import Console

from doctorsun.report.terminal import results_table


def shown(run: Path, language: str) -> str:
    console = Console(width=100, file=io.StringIO())
    console.print(results_table(run, language=language))
    return console.file.getvalue()


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ("Closed", "Localisation", "86.0%", "83.5–88.5", "53.0% Other patient", "+33.0", "research use only")),
        ("zh", ("是非题", "定位", "86.0%", "53.0% 其他患者", "仅供研究使用")),
    ],
)
def test_table_shows_every_kind_beside_its_best_control(finished_run: Path, language: str, words: list[str]) -> None:
    text = shown(finished_run, language)
    assert [word for word in words if word not in text] == []
    assert text.count("phantom") == 8


def test_scores_unproven_are_marked(begun_run: Path) -> None:
    blind = [score for score in fake_scores() if score.metric == "f1" and score.control == "prior"]
    real = [replace(score, control="real", task="[red]task") for score in blind]
    blind = [replace(score, task="[red]task") for score in blind]
    write_scores(begun_run / "eval/phantom/scores.json", [*blind, *real])
    text = shown(begun_run, "en")
    assert text.count("+0.0 unproven") == 2
    assert text.count("[red]task") == 2


def test_the_paired_test_of_a_run_decides(begun_run: Path) -> None:
    real = next(score for score in fake_scores() if score.metric == "f1" and score.control == "prior")
    write_scores(
        begun_run / "eval/phantom/scores.json", [replace(real, control="real"), replace(real, control="noise")]
    )
    assert "unproven" in shown(begun_run, "en")
    test = {"one": "noise", "p_holm": 0.01, "is_different": True, "difference": 0.1}
    same = {name: getattr(real, name) for name in ("task", "language", "kind", "protocol", "metric")}
    (begun_run / "eval/phantom/controls.json").write_text(json.dumps({"rows": [same | test]}), encoding="utf-8")
    assert "unproven" not in shown(begun_run, "en")


def test_run_without_scores_has_an_empty_table(begun_run: Path) -> None:
    assert results_table(begun_run).row_count == 0
