"""Did you mean: near names are found, far ones are not."""

import pytest

from doctorsun.config.suggest import did_you_mean, one_of


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("aligm", "did you mean 'align'?"),
        ("ALIGN", "did you mean 'align'?"),
        ("deepalign", "did you mean 'deep-align'?"),
        ("zzz", "choose one of these"),
    ],
)
def test_the_nearest_known_name_is_proposed(name: str, advice: str):
    assert did_you_mean(name, ["align", "deep-align", "instruct"]) == advice


def test_the_other_advice_is_given_where_nothing_is_near():
    assert did_you_mean("zzz", ["a"], otherwise="remove it") == "remove it"


@pytest.mark.parametrize(("known", "text"), [([], "nothing here"), (["a"], "'a'"), (["a", "b"], "one of a, b")])
def test_known_names_are_listed(known: list[str], text: str):
    assert one_of(known) == text
