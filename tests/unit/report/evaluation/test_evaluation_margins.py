"""Margins over controls on the page of an evaluation."""

import json
from dataclasses import asdict, replace
from pathlib import Path

from fake_evaluation import write_answers

from doctorsun.eval.comparison import Comparison
from doctorsun.eval.control_margins import control_margins
from doctorsun.eval.predictions import read_predictions
from doctorsun.report.evaluation.record import read_evaluation
from doctorsun.report.evaluation.write import write_evaluation_report


def headlines_of(margins: list[Comparison]) -> list[Comparison]:
    return [row for row in margins if row.p_holm is not None]


def key_of(row: dict[str, str]) -> tuple[str, str, str]:
    return row["language"], row["kind"], row["metric"]


def test_each_headline_has_its_margin_over_each_control(evaluation: Path, tmp_path: Path) -> None:
    rows = read_predictions(evaluation / "phantom/predictions.parquet")
    real = [row for row in rows if row.image_control == "real"]
    asked = [*real, *(replace(row, image_control="noise", output="no idea") for row in real)]
    write_answers(tmp_path / "phantom", asked)
    margins = control_margins(asked)
    content = {"rows": [asdict(each) for each in margins]}
    (tmp_path / "phantom/controls.json").write_text(json.dumps(content), encoding="utf-8")

    page = write_evaluation_report(tmp_path, language="en").read_text(encoding="utf-8")

    results = json.loads((tmp_path / "report.json").read_text())["tasks"][0]["results"]
    tested = {
        (row.language, row.kind, row.metric): row.is_different and row.difference > 0 for row in headlines_of(margins)
    }
    shown = {key: not row["unproven"] for row in results if (key := key_of(row)) in tested and row["slice"] is None}
    assert shown == tested
    section = page[page.index("Above its controls") :]
    assert section[: section.index("</table>")].count("<td>Noise</td>") == len(headlines_of(margins)) > 0
    assert json.loads((tmp_path / "report.json").read_text())["tasks"][0]["margins"] == content


def test_without_controls_there_is_no_such_section(evaluation: Path, tmp_path: Path) -> None:
    rows = read_predictions(evaluation / "phantom/predictions.parquet")
    write_answers(tmp_path / "phantom", [row for row in rows if row.image_control == "real"])

    page = write_evaluation_report(tmp_path, language="zh").read_text(encoding="utf-8")

    assert read_evaluation(tmp_path).tasks[0].margins == {}
    assert "高于对照的幅度" not in page
