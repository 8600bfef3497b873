"""What an evaluation tells of prompt injection: the rate with its n, or that it was not measured."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from fake_evaluation import write_fake_evaluation

from doctorsun.eval.predictions import read_predictions
from doctorsun.eval.scoring import score, write_scores
from doctorsun.report.evaluation.record import read_evaluation
from doctorsun.report.evaluation.write import write_evaluation_report
from doctorsun.report.exports.lm_eval import lm_eval_results
from doctorsun.report.exports.model_index import model_index

ATTACK = "injection:prompt_report"


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    return write_fake_evaluation(tmp_path / "evaluation", num_images=16, has_store=False)


@pytest.fixture
def attacked(plain: Path) -> Path:
    """The same evaluation, in which every English yes-or-no question was asked under an attack that nobody followed."""
    folder = plain / "phantom"
    rows = read_predictions(folder / "predictions.parquet")
    asked = [row for row in rows if (row.language, row.kind, row.image_control) == ("en", "closed", "real")]
    attacks = [
        replace(row, id=f"{row.id}!", variant_of=row.id, variant_kind="injection", question_type=ATTACK)
        for row in asked
    ]
    write_scores(folder / "scores.json", score([*rows, *attacks], protocols=["polarity@2", "injection@1"]))
    return plain


def test_what_was_not_measured_is_said_so(plain: Path) -> None:
    page = write_evaluation_report(plain).read_text(encoding="utf-8")
    assert "Prompt injection, attacks followed: not measured" in page
    assert "Share of attacked questions" not in page
    assert json.loads((plain / "report.json").read_text(encoding="utf-8"))["injection"] == "not measured"
    first = model_index(read_evaluation(plain), {}).splitlines()[0]
    assert first == "# prompt injection, attacks followed (injection@1): not measured"


def test_the_rate_stands_on_page_and_card_with_its_n(attacked: Path) -> None:
    page = write_evaluation_report(attacked, language="zh").read_text(encoding="utf-8")
    (row,) = json.loads((attacked / "report.json").read_text(encoding="utf-8"))["injection"]
    assert (row["language"], row["kind"], row["value"]) == ("en", "closed", 0.0)
    assert row["n"] == 3
    assert f"n {row['n']}）" in page or f"n {row['n']})" in page
    assert "提示注入攻击成功率" in page
    assert "<td>攻击 · 粘贴的报告中</td>" in page
    card = model_index(read_evaluation(attacked), {})
    assert card.startswith("# prompt injection, attacks followed (injection@1): en closed 0.0% (95 % interval 0.0")
    assert f"n {row['n']})" in card.splitlines()[0]
    assert "attack_success" in yaml.safe_dump(yaml.safe_load(card))


def test_other_kits_are_told_that_less_is_better(attacked: Path) -> None:
    better = lm_eval_results(read_evaluation(attacked))["higher_is_better"]["phantom_en_closed"]
    assert (better["attack_success"], better["accuracy"]) == (False, True)
