"""The table of scores."""

import json
from dataclasses import replace

from doctorsun.cli.score_table import print_scores, table_row
from doctorsun.schema import Score

SCORE = Score(
    task="vqa_rad",
    language="en",
    kind="closed",
    protocol="polarity@2",
    metric="accuracy",
    value=0.7537,
    low=0.7012,
    high=0.8001,
    n=272,
    num_invalid=3,
    model="tiny",
    num_rows=451,
    num_closed=272,
    num_open=179,
    num_clusters=150,
    num_truncated=2,
    mean_chars=4.25,
    mean_tokens=2.0,
    prompt="0123456789abcdef",
    decoding="greedy, 48 tokens",
)


def test_a_score_is_printed_with_all_that_it_needs_to_be_read(capsys):
    print_scores([SCORE], "en", as_json=False)

    printed = " ".join(capsys.readouterr().out.split())
    assert (
        "vqa_rad en closed polarity@2 accuracy real 0.7537 0.701-0.800 272 150 0 3 (1.1%) 2 (0.7%) 4.2 2.0" in printed
    )
    assert "451 questions: 272 closed, 179 open; closed prompt 0123456789abcdef; greedy, 48 tokens" in printed


def test_failed_answers_of_a_control_are_a_share_of_all_that_were_asked():
    model, control = (table_row(replace(SCORE, n=60, num_errors=40, control=control)) for control in ("real", "noise"))

    assert (model["failed"], control["failed"]) == ("40 (66.7%)", "40 (40.0%)")


def test_several_models_are_told_apart_and_unknown_lengths_are_no_zeros(capsys):
    print_scores([SCORE, replace(SCORE, model="other", mean_tokens=None)], "en", as_json=False)

    header, one, other = (line.split() for line in capsys.readouterr().out.splitlines()[:3])
    assert (header[0], one[0], other[0]) == ("model", "tiny", "other")
    assert (one[-1], other[-1]) == ("2.0", "-")


def test_parts_of_a_task_are_in_the_json_alone(capsys):
    part = Score(**{name: getattr(SCORE, name) for name in Score.__dataclass_fields__} | {"slice": "modality=ct"})

    print_scores([SCORE, part], "en", as_json=False)
    assert capsys.readouterr().out.count("polarity@2") == 1

    print_scores([SCORE, part], "en", as_json=True)
    assert [row["slice"] for row in json.loads(capsys.readouterr().out)["scores"]] == [None, "modality=ct"]
