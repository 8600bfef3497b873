"""Lengths of samples."""

import pytest
from small_samples import said

from doctorsun.config.curation import TextLength
from doctorsun.data.curate.candidate import Rejected
from doctorsun.data.curate.text_length import text_length


@pytest.mark.parametrize("turns", [("Is it?", "A"), ("是吗？", "是"), ("", "肺" * 8192)])
def test_usual_lengths_pass(turns):
    candidate = said(*turns)
    assert text_length(candidate, TextLength()) is candidate.sample


def test_replies_without_words_are_too_short():
    assert text_length(said("What is shown?", " \n"), TextLength()) == Rejected("too_short", "0 tokens of replies")
    few = text_length(said("What is shown?", "肺"), TextLength(least_tokens=2))
    assert few == Rejected("too_short", "1 tokens of replies")


def test_all_turns_together_may_be_too_long():
    found = text_length(said("肺" * 10, "肺" * 11), TextLength(most_tokens=20))
    assert found == Rejected("too_long", "21 tokens")
