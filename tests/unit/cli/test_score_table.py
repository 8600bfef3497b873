"""The table of scores."""

import json

from doctorsun.cli.score_table import print_scores
from doctorsun.schema import Score

SCORE = Score(
    task="vqa_rad",
    language="en",
    kind="closed",
    protocol="polarity@1",
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
    print_scores([SCORE], as_json=False)

    printed = " ".join(capsys.readouterr().out.split())
    assert "vqa_rad en closed polarity@1 accuracy real 0.7537 0.701-0.800 272 150 3 (1.1%) 2 (0.7%) 4.2 2.0" in printed
    assert "451 questions: 272 closed, 179 open; closed prompt 0123456789abcdef; greedy, 48 tokens" in printed


def test_parts_of_a_task_are_in_the_json_alone(capsys):
    part = Score(**{name: getattr(SCORE, name) for name in Score.__dataclass_fields__} | {"slice": "modality=ct"})

    print_scores([SCORE, part], as_json=False)
    assert capsys.readouterr().out.count("polarity@1") == 1

    print_scores([SCORE, part], as_json=True)
    assert [row["slice"] for row in json.loads(capsys.readouterr().out)["scores"]] == [None, "modality=ct"]
