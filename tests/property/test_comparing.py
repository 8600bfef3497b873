"""Properties of what compares models and asks questions again."""

import itertools
from string import ascii_uppercase

from hypothesis import given
from hypothesis import strategies as st

from doctorsun.eval.comparison import holm
from doctorsun.eval.consistency import cohens_kappa
from doctorsun.eval.variants import rotated
from doctorsun.schema import Answer

SHARES = st.lists(st.floats(0, 1), min_size=1, max_size=12)
SAID = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc")), min_size=1, max_size=40)


@given(SHARES)
def test_holm_only_raises_keeps_the_order_and_lies_below_bonferroni(ps: list[float]) -> None:
    corrected = holm(ps)

    assert all(p <= found <= min(1.0, len(ps) * p) + 1e-12 for p, found in zip(ps, corrected, strict=True))
    order = sorted(range(len(ps)), key=lambda place: ps[place])
    assert all(corrected[one] <= corrected[other] for one, other in itertools.pairwise(order))


@given(st.integers(2, 10), st.data())
def test_a_rotation_keeps_the_right_texts_and_a_whole_round_changes_nothing(num: int, data: st.DataObject) -> None:
    options = tuple(f"option {number}" for number in range(num))
    gold = tuple(sorted(data.draw(st.sets(st.sampled_from(ascii_uppercase[:num]), min_size=1))))
    answer = Answer(kind="mcq", options=options, gold=gold)
    step = data.draw(st.integers(0, num))

    turned = rotated(answer, step)

    def texts(each: Answer) -> set[str]:
        return {each.options[ascii_uppercase.index(letter)] for letter in each.gold}

    assert texts(turned) == texts(answer)
    assert rotated(turned, num - step) == answer


@given(SAID)
def test_kappa_is_at_most_one_and_does_not_know_who_asked_first(pairs: list[tuple[str, str]]) -> None:
    kappa = cohens_kappa(pairs)

    assert kappa is None or -1 <= kappa <= 1 + 1e-12
    assert kappa == cohens_kappa([(other, one) for one, other in pairs])
    if kappa is not None and all(one == other for one, other in pairs):
        assert kappa == 1
