"""The lines of what an evaluation found beside its scores."""

import json

import pytest

from doctorsun.cli.findings import finding_lines, print_findings

N_IS = "attacked questions answered rightly without the attack"
INTERVAL = {"value": 0.5, "low": 0.4, "high": 0.6, "num_clusters": 9}


def write(folder, name, content):
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(json.dumps(content), encoding="utf-8")


def test_leakage_is_one_line(tmp_path, capsys):
    counts = {"clean": 2, "near": 1, "exact": 7}
    facts = {"num_clean": 2, "num_questions": 10, "num_pairs": 3, "images": counts, "questions": counts}
    write(tmp_path / "vqa_rad", "leakage.json", facts)

    print_findings(tmp_path / "vqa_rad", "en")

    expected = "vqa_rad leakage: 2 of 10 questions clean; in training data: 7 images exact, 1 near, 7 questions"
    assert capsys.readouterr().out.startswith(expected)


def test_consistency_is_a_line_for_each_way_of_asking(tmp_path):
    pair = {"language": "en", "kind": "open", "variant": "translation", "by": "words", "both_right": INTERVAL}
    rotation = {"language": "en", "kind": "mcq", "by": "likelihoods", "consistent": INTERVAL, "all_right": INTERVAL}
    content = {
        "pairs": [
            pair | {"agreement": None, "kappa": None, "n": 8},
            pair | {"agreement": INTERVAL, "kappa": 0.25, "n": 9},
        ],
        "rotations": [rotation | {"position_bias": 0.125, "n": 4}],
    }
    write(tmp_path / "t", "consistency.json", content)

    share = "0.500 (0.400-0.600)"
    assert list(finding_lines(tmp_path / "t", "en")) == [
        f"t en open translation by words: both right {share}, agreement not compared, 8 pairs",
        f"t en open translation by words: both right {share}, agreement {share}, kappa 0.25, 9 pairs",
        f"t en mcq all rotations by likelihoods: same option {share}, right {share}, position bias 0.125, 4 questions",
    ]


def test_attacks_are_told_by_language_and_kind_alone(tmp_path):
    row = {"language": "en", "kind": "closed", "metric": "attack_success", "slice": None, "n": 40} | INTERVAL
    rows = [row, row | {"slice": "question_type=injection:prompt_report"}, row | {"metric": "accuracy"}]
    write(tmp_path / "injection", "scores.json", {"scores": rows})

    assert list(finding_lines(tmp_path / "injection", "en")) == [
        f"injection en closed: attacks followed 0.500 (0.400-0.600), n 40 ({N_IS})"
    ]


@pytest.mark.parametrize(("at_bound", "told"), [(False, "2.50"), (True, "2.50 (at the bound of the search)")])
def test_calibration_is_a_line_for_each_kind(tmp_path, at_bound, told):
    kind = {"temperature": 2.5, "at_bound": at_bound, "ece": 0.05, "ece_raw": 0.2, "aurc": 0.1, "aurc_best": 0.01}
    write(tmp_path / "t", "calibration.json", {"kinds": {"mcq": kind}})

    assert list(finding_lines(tmp_path / "t", "en")) == [
        f"t mcq calibration: temperature {told}, ECE 0.050 (before 0.200), AURC 0.100 (best 0.010)"
    ]


def test_margins_are_told_of_headlines_alone(tmp_path):
    row = {"language": "en", "kind": "closed", "metric": "accuracy", "one": "blank", "n": 60, "low": -0.1, "high": 0.3}
    rows = [row | {"difference": 0.125, "p_holm": 0.25}, row | {"difference": 0.5, "p_holm": None}]
    write(tmp_path / "t", "controls.json", {"rows": rows})

    assert list(finding_lines(tmp_path / "t", "en")) == [
        "t en closed accuracy above blank: +0.125 (-0.100 to +0.300), corrected p 0.2500, 60 questions"
    ]


def test_a_task_without_such_files_has_no_lines(tmp_path):
    assert list(finding_lines(tmp_path, "en")) == []


def test_findings_are_told_in_chinese(tmp_path):
    kind = {"temperature": 50, "at_bound": True, "ece": 0.05, "ece_raw": 0.2, "aurc": 0.1, "aurc_best": 0.01}
    write(tmp_path / "t", "calibration.json", {"kinds": {"mcq": kind}})

    assert list(finding_lines(tmp_path / "t", "zh")) == [
        "t mcq 校准：温度 50.00（位于搜索边界），ECE 0.050（校准前 0.200），AURC 0.100（最佳 0.010）"
    ]
