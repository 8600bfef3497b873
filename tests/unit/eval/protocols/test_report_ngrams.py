"""Corpus BLEU and ROUGE-L of reports against sacreBLEU 2.6.0 and rouge-score 0.1.2 on the same tokens."""

import json
from pathlib import Path

import pytest

from doctorsun.eval.protocols import protocols_named

GOLDEN = Path(__file__).parents[3] / "golden" / "protocols" / "report_ngrams.jsonl"
CORPORA = [json.loads(line) for line in GOLDEN.read_text(encoding="utf-8").splitlines()]


@pytest.fixture
def report(make_prediction):
    """Return a maker of reports with their golds."""

    def make(number, output, golds, **fields):
        return make_prediction(id=str(number), kind="report", output=output, gold=tuple(golds), **fields)

    return make


def bleu(predictions, name="bleu4"):
    protocol = protocols_named("report_ngrams@1")[0]
    metric = next(each for each in protocol.corpus if each.name == name)
    return float(metric.value(metric.sums(predictions, [protocol.judge(row) for row in predictions]).sum(axis=0)))


@pytest.mark.parametrize("corpus", CORPORA)
def test_values_are_those_of_the_field(report, corpus):
    predictions = [report(number, *row) for number, row in enumerate(corpus["rows"])]

    assert bleu(predictions) == pytest.approx(corpus["bleu4"], abs=1e-8)
    verdicts = [protocols_named("report_ngrams@1")[0].judge(row) for row in predictions]
    assert [verdict.values["rouge_l"] for verdict in verdicts] == pytest.approx(corpus["rouge_l"], abs=1e-8)


def test_chinese_words_are_cut_apart_from_characters(report):
    predictions = [report(1, "右侧胸腔积液少量", ["左侧胸腔积液少量"])]

    verdict = protocols_named("report_ngrams@1")[0].judge(predictions[0])

    assert verdict.values["rouge_l"] == pytest.approx(7 / 8)
    assert verdict.values["word_rouge_l"] == pytest.approx(3 / 4)


@pytest.mark.parametrize("fields", [{"status": "error"}, {}])
def test_nothing_said_earns_nothing(report, fields):
    output = "no focal lesion seen" if fields else ""

    assert bleu([report(1, output, ["no focal lesion seen"], **fields)]) == 0


def test_a_missing_report_shortens_the_whole(report):
    gold = ["no focal lesion seen"]
    both = [report(1, gold[0], gold), report(2, "", gold)]

    assert bleu(both) == pytest.approx(2.718281828**-1)
    assert bleu(both[:1]) == 1
