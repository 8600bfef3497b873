"""Consistency of answers to questions that are asked again."""

from dataclasses import replace
from string import ascii_uppercase

import pytest

from doctorsun.eval.consistency import cohens_kappa, consistency, rotation_consistency
from doctorsun.eval.variants import rotated
from doctorsun.schema import Answer

OPTIONS = ("CT", "MRI", "X-ray")


@pytest.fixture
def make_pairs(make_prediction):
    """Return a maker of yes-or-no questions with one variant each, from what was said to both."""

    def make(said, kind, *, gold="yes", variant_gold=None, **fields):
        rows = []
        for number, (one, other) in enumerate(said):
            shared = {"cluster": str(number), "gold": (gold,)}
            rows.append(make_prediction(**{"id": str(number), "output": one, **shared}))
            variant = {"id": f"{number}/v", "output": other, "variant_of": str(number), "variant_kind": kind}
            rows.append(make_prediction(**{**shared, **variant, "gold": (variant_gold or gold,), **fields}))
        return rows

    return make


def test_agreement_and_both_right_are_told_apart(make_pairs):
    said = [("yes", "yes"), ("yes", "no"), ("no", "no"), ("no", "yes"), ("yes", "Yes."), ("yes", "it depends")]

    (row,) = consistency(make_pairs(said, "paraphrase"))

    assert (row.n, row.variant, row.kind) == (6, "paraphrase", "closed")
    assert (row.accuracy, row.accuracy_variant) == (pytest.approx(4 / 6), pytest.approx(3 / 6))
    assert row.both_right.value == pytest.approx(2 / 6)
    assert row.agreement.value == pytest.approx(3 / 6)
    assert row.num_unreadable == 1
    assert row.both_right.low < 2 / 6 < row.both_right.high


def test_a_negation_agrees_where_the_answer_turns_around(make_pairs):
    said = [("yes", "no"), ("yes", "yes"), ("no", "yes"), ("no", "")]

    (row,) = consistency(make_pairs(said, "negation", variant_gold="no"))

    assert row.both_right.value == 0.25
    assert row.agreement.value == 0.5


def test_one_who_always_says_yes_agrees_with_itself_and_fails_at_every_negation(make_pairs):
    paraphrased = consistency(make_pairs([("yes", "yes")] * 5, "paraphrase"))[0]
    negated = consistency(make_pairs([("yes", "yes")] * 5, "negation", variant_gold="no"))[0]

    assert (paraphrased.agreement.value, paraphrased.kappa) == (1, None)
    assert (negated.agreement.value, negated.both_right.value) == (0, 0)


def test_languages_agree_by_yes_and_no(make_pairs):
    (row,) = consistency(make_pairs([("yes", "是"), ("no", "是的")], "translation", language="zh"))

    assert (row.language, row.agreement.value, row.both_right.value) == ("en", 0.5, 0.5)


def test_choices_in_two_languages_agree_by_letter_and_free_text_is_not_compared(make_prediction):
    choice = {"kind": "mcq", "gold": ("B",)}
    first, third = ({"variant_of": name, "variant_kind": "translation", "language": "zh"} for name in "13")
    rows = [
        make_prediction(id="1", options=("lung", "liver"), output="B", **choice),
        make_prediction(id="2", options=("肺", "肝"), output="答案是B", **first, **choice),
        make_prediction(id="3", kind="open", gold=("left lung",), output="left lung"),
        make_prediction(id="4", kind="open", gold=("左肺",), output="左肺", **third),
    ]

    by_kind = {row.kind: row for row in consistency(rows)}

    assert by_kind["mcq"].agreement.value == 1
    assert (by_kind["open"].agreement, by_kind["open"].kappa) == (None, None)
    assert by_kind["open"].both_right.value == 1


def test_variants_without_their_original_and_other_images_are_left_out(make_pairs):
    rows = make_pairs([("yes", "yes")] * 3, "paraphrase")

    assert consistency(rows[1::2]) == []
    assert consistency(make_pairs([("yes", "yes")], "paraphrase", image_control="blank")) == []
    assert len(consistency([row for row in rows if row.id != "1"])) == 1


def test_kappa_of_a_textbook_table():
    pairs = [("yes", "yes")] * 20 + [("yes", "no")] * 5 + [("no", "yes")] * 10 + [("no", "no")] * 15

    assert cohens_kappa(pairs) == pytest.approx(0.4)
    assert cohens_kappa([("yes", "no"), ("no", "yes")]) == pytest.approx(-1)


@pytest.fixture
def make_rotations(make_prediction):
    """Return a maker of questions in all rotations, from what says which option is chosen."""

    def make(choose, num=4):
        rows = []
        for number in range(num):
            for step in range(3):
                answer = rotated(Answer(kind="mcq", options=OPTIONS, gold=(ascii_uppercase[number % 3],)), step)
                fields = {"options": answer.options, "gold": answer.gold, "output": choose(answer), "kind": "mcq"}
                again = {"variant_of": str(number), "variant_kind": "rotation"} if step else {}
                name = f"{number}/{step}" if step else str(number)
                rows.append(make_prediction(id=name, cluster=str(number), **fields, **again))
        return rows

    return make


def test_one_who_knows_is_consistent_and_has_no_bias(make_rotations):
    (row,) = rotation_consistency(make_rotations(lambda answer: answer.gold[0], num=3))

    assert (row.n, row.num_options, row.consistent.value, row.all_right.value) == (3, 3, 1, 1)
    assert row.position_bias == pytest.approx(0)
    assert row.positions == {letter: pytest.approx(1 / 3) for letter in "ABC"}


def test_a_constant_letter_is_never_consistent_and_all_bias(make_rotations):
    (row,) = rotation_consistency(make_rotations(lambda _: "A"))

    assert (row.consistent.value, row.all_right.value) == (0, 0)
    assert row.position_bias == pytest.approx(2 / 3)
    assert row.positions["A"] == 1


def test_a_constant_option_is_consistent_whether_right_or_not(make_rotations):
    (row,) = rotation_consistency(make_rotations(lambda _: "MRI"))

    assert row.consistent.value == 1
    assert row.all_right.value == 0.25


def test_silence_is_not_consistent(make_rotations):
    (row,) = rotation_consistency(make_rotations(lambda _: ""))

    assert (row.consistent.value, row.num_unreadable, row.position_bias) == (0, 12, 0)


def test_a_question_that_lacks_a_rotation_does_not_count(make_rotations):
    assert rotation_consistency(make_rotations(lambda _: "A", num=1)[:-1]) == []
    assert len(consistency(make_rotations(lambda _: "A", num=1)[:-1])) == 1


def test_likelihoods_are_compared_beside_words(make_pairs):
    rows = make_pairs([("yes", "maybe")] * 4, "paraphrase")
    likely = [replace(row, option_logprobs=(-1.0, -2.0) if row.variant_of else (-2.0, -1.0)) for row in rows]

    by = {row.by: row for row in consistency(likely)}

    assert set(by) == {"words", "likelihoods"}
    assert (by["words"].accuracy, by["likelihoods"].accuracy) == (1, 0)
    assert (by["words"].accuracy_variant, by["likelihoods"].accuracy_variant) == (0, 1)
    assert (by["words"].num_unreadable, by["likelihoods"].num_unreadable) == (4, 0)
    assert [row.by for row in consistency(rows)] == ["words"]


def test_rotations_are_compared_by_likelihoods_too(make_rotations):
    rows = [replace(row, option_logprobs=(-1.0, -2.0, -3.0)) for row in make_rotations(lambda answer: answer.gold[0])]

    by = {row.by: row for row in rotation_consistency(rows)}

    assert by["words"].all_right.value == 1
    assert by["likelihoods"].all_right.value == 0
    assert by["likelihoods"].position_bias == pytest.approx(2 / 3)
