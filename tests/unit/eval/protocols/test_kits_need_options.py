"""Choices that cannot be judged for want of options are named."""

import pytest

from doctorsun.errors import DataError
from doctorsun.eval.protocols import protocols_for


@pytest.mark.parametrize("name", ["medevalkit@1", "mmmu_official@1", "multimedeval@1"])
def test_a_choice_without_options_is_refused(make_prediction, name):
    (protocol,) = protocols_for("mcq", [name])

    with pytest.raises(DataError, match="multiple-choice prediction 1 has no options"):
        protocol.judge(make_prediction(kind="mcq", gold=("A",), output="A"))


def test_a_label_that_no_option_has_is_refused(make_prediction):
    (protocol,) = protocols_for("mcq", ["pubmedqa_official@1"])

    with pytest.raises(DataError, match="prediction 1: got gold D of 2 options, expected the letter of one of its"):
        protocol.judge(make_prediction(kind="mcq", gold=("D",), options=("yes", "no"), output="yes"))
