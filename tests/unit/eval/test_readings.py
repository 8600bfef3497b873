"""What is read of an answer."""

import pytest

from doctorsun.eval.readings import Reading, read_likelihoods, read_words

CHOICE = {"kind": "mcq", "options": ("lung", "liver"), "gold": ("B",)}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"output": "Yes, there is."}, Reading("yes", None, is_right=True)),
        ({"output": "没有", "gold": ("否",), "language": "zh"}, Reading("no", None, is_right=True)),
        ({"output": "Findings: No.", "gold": ("no",)}, Reading("no", None, is_right=True)),
        ({"output": "maybe"}, Reading(None, None, is_right=False)),
        ({"output": "The lung.", "kind": "open", "gold": ("lung",)}, Reading("lung", None, is_right=True)),
        ({"output": "MRI", "gold": ("CT",)}, Reading("mri", None, is_right=False)),
        ({"output": "The answer is B.", **CHOICE}, Reading("liver", "B", is_right=True)),
        ({"output": "A or B", **CHOICE}, Reading(None, None, is_right=False)),
        ({"output": "yes", "status": "error"}, Reading(None, None, is_right=False)),
    ],
)
def test_words(make_prediction, fields, expected):
    assert read_words(make_prediction(**fields)) == expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"option_logprobs": (-2.0, -1.0), **CHOICE}, Reading("liver", "B", is_right=True)),
        ({"option_logprobs": (-1.0, -1.0), **CHOICE}, Reading(None, None, is_right=False)),
        ({"option_logprobs": (-1.0, -2.0)}, Reading("yes", None, is_right=True)),
        ({"option_logprobs": (-1.0, -2.0), "options": ("no", "yes")}, Reading("no", None, is_right=False)),
        ({}, None),
        ({"kind": "open"}, None),
    ],
)
def test_likelihoods(make_prediction, fields, expected):
    assert read_likelihoods(make_prediction(**fields)) == expected
