"""All protocols: three oracles for each of the house, failed answers, and the ways to find one."""

from pathlib import Path
from typing import get_args

import pytest

from doctorsun.errors import DataError, RecipeError
from doctorsun.eval.protocols import HOUSE_PROTOCOLS, PROTOCOLS, protocol_for, protocols_named
from doctorsun.schema import AnswerKind

OPTIONS = ("Lung", "Heart", "Liver")
QUESTIONS = {
    "closed": [("yes",), ("no",), ("是",), ("否",), ("left",), ("没有",), ("MRI",)],
    "mcq": [("A",), ("B",), ("B",), ("C",)],
    "mcq_multi": [("A", "C"), ("B",), ("A", "B", "C"), ("A",)],
    "open": [("left lung",), ("左肺上叶",), ("The",), ("3", "three"), ("a 1.5 cm nodule",)],
    "report": [("No focal lesion.",), ("双肺未见异常。",)],
    "box": [("nodule 1 2 30 40",), ("cyst 5.5 6 7 8",), ("T2 lesion 1 2 3 4",)],
}


def judged(make_prediction, protocol, output_of, **fields):
    """Return the verdicts of a protocol on the answers that ``output_of`` gives to each gold."""
    kind = protocol.kinds[0]
    options = OPTIONS if kind.startswith("mcq") else ()
    return [
        protocol.judge(make_prediction(kind=kind, gold=gold, output=output_of(gold), options=options, **fields))
        for gold in QUESTIONS[kind]
    ]


@pytest.mark.parametrize("protocol", HOUSE_PROTOCOLS, ids=lambda protocol: protocol.name)
def test_perfect_answers_earn_exactly_one(make_prediction, protocol):
    def perfect(gold):
        return ", ".join(gold) if protocol.kinds == ("mcq_multi",) else gold[0]

    for verdict in judged(make_prediction, protocol, perfect):
        assert set(verdict.values) == set(protocol.metrics)
        assert set(verdict.values.values()) == {1.0}
        assert not verdict.invalid


@pytest.mark.parametrize("output", ["", " \n", "。"])
@pytest.mark.parametrize("protocol", HOUSE_PROTOCOLS, ids=lambda protocol: protocol.name)
def test_empty_answers_earn_nothing_and_are_invalid(make_prediction, protocol, output):
    for verdict in judged(make_prediction, protocol, lambda _: output):
        assert set(verdict.values.values()) == {0.0}
        assert verdict.invalid


@pytest.mark.parametrize("letter", "ABC")
def test_a_constant_letter_earns_its_share(make_prediction, letter):
    verdicts = judged(make_prediction, protocols_named("mcq_strict@1")[0], lambda _: letter)

    share = sum(gold == (letter,) for gold in QUESTIONS["mcq"]) / len(QUESTIONS["mcq"])
    assert sum(verdict.values["accuracy"] for verdict in verdicts) / len(verdicts) == share


@pytest.mark.parametrize(("word", "share"), [("yes", 2 / 7), ("no", 3 / 7), ("left", 1 / 7)])
def test_a_constant_word_earns_its_share(make_prediction, word, share):
    verdicts = judged(make_prediction, protocols_named("polarity@2")[0], lambda _: word)

    assert sum(verdict.values["accuracy"] for verdict in verdicts) / 7 == pytest.approx(share)


@pytest.mark.parametrize("protocol", PROTOCOLS, ids=lambda protocol: protocol.name)
def test_an_answer_that_failed_is_wrong_whatever_its_text(make_prediction, protocol):
    for verdict in judged(make_prediction, protocol, lambda gold: gold[0], status="error"):
        assert verdict == protocol.nothing()


def test_a_prediction_without_gold_is_refused(make_prediction):
    with pytest.raises(DataError, match="prediction 7 has no gold answer: expected at least one; leave out"):
        protocol_for("closed").judge(make_prediction(id="7", gold=(" ",)))


def test_a_prediction_of_another_kind_is_refused(make_prediction):
    with pytest.raises(DataError, match="protocol box_iou@1 on prediction 1: got closed, expected box"):
        protocol_for("box").judge(make_prediction())


def test_a_choice_without_options_is_refused(make_prediction):
    with pytest.raises(DataError, match="multiple-choice prediction 1 has no options"):
        protocol_for("mcq").judge(make_prediction(kind="mcq", gold=("A",), output="A"))


def test_a_box_without_gold_numbers_is_refused(make_prediction):
    with pytest.raises(DataError, match="gold of box prediction 1: got 'left', expected label x0 y0 x1 y1 in pixels"):
        protocol_for("box").judge(make_prediction(kind="box", gold=("left",), output="1 2 3 4"))


def test_each_name_finds_its_own_parts_and_no_kind_has_two():
    for protocol in PROTOCOLS:
        parts = protocols_named(protocol.name)
        kinds = [kind for part in parts for kind in part.kinds]
        assert protocol in parts
        assert len(set(kinds)) == len(kinds)


def test_each_kind_has_a_house_protocol():
    assert [(kind, protocol_for(kind).name) for kind in get_args(AnswerKind)] == [
        ("closed", "polarity@2"),
        ("mcq", "mcq_strict@1"),
        ("mcq_multi", "mcq_multi@1"),
        ("open", "open_tokens@1"),
        ("report", "report_ngrams@1"),
        ("box", "box_iou@1"),
    ]


def test_an_unknown_name_is_refused():
    with pytest.raises(RecipeError, match="protocol: got 'polarity', expected one of polarity@"):
        protocols_named("polarity")


@pytest.mark.parametrize("page", ["protocols.md", "protocols.zh-CN.md"])
def test_the_page_of_protocols_names_each_with_its_metrics(page):
    lines = (Path(__file__).parents[4] / "docs" / page).read_text(encoding="utf-8").splitlines()
    for protocol in PROTOCOLS:
        (line,) = [line for line in lines if line.startswith(f"| `{protocol.name}` |")]
        if protocol in HOUSE_PROTOCOLS:
            metrics = line.split("|")[3].replace("*", "").strip()
            assert metrics == ", ".join([*protocol.metrics, *(each.name for each in protocol.corpus)])
