"""PubMedQA: the test set is marked, or nothing is read."""

import json
import os
from collections import Counter
from pathlib import Path

import pytest

from doctorsun.config.collection import ImportSource
from doctorsun.data.readers.item import Dropped
from doctorsun.data.readers.pubmedqa import open_pubmedqa
from doctorsun.errors import DataError

ARTICLE = {
    "QUESTION": "Do plants sleep?",
    "CONTEXTS": ["They were watched.", "Leaves fell."],
    "LABELS": ["METHODS", "RESULTS"],
    "MESHES": ["Plants"],
    "YEAR": "2011",
    "final_decision": "maybe",
    "LONG_ANSWER": "It is not known.",
}


@pytest.fixture
def read(tmp_path):
    def items(articles, truth='{"2": "yes"}', name="ori_pqal.json"):
        (tmp_path / name).write_text(json.dumps(articles, indent=1))
        if truth is not None:
            (tmp_path / "test_ground_truth.json").write_text(truth)
        reader = open_pubmedqa(ImportSource(format="pubmedqa", path=str(tmp_path)))
        return [reader.make(pending) for pending in reader.pending()]

    return items


def test_articles_and_the_test_set(read):
    (first,), (second,) = read({"1": ARTICLE, "2": ARTICLE | {"LABELS": [], "final_decision": "yes"}})

    assert first.messages[0].text == (
        "Abstract:\nMETHODS: They were watched.\nRESULTS: Leaves fell.\n\n"
        "Question: Do plants sleep?\nA. yes\nB. no\nC. maybe"
    )
    assert first.messages[1].text == "Answer: C. maybe\nExplanation: It is not known."
    assert (first.answer.kind, first.answer.gold, second.answer.gold) == ("mcq", ("C",), ("A",))
    assert second.messages[0].text.startswith("Abstract:\nThey were watched.\nLeaves fell.\n")
    assert (first.source.split, second.source.split) == ("train", "test")
    assert (first.groups.article, first.source.original_id, first.task) == ("PMID1", "1", "literature")
    assert json.loads(first.facts) == {"mesh": ["Plants"], "year": "2011"}


def test_articles_labelled_by_rules_need_no_list(read):
    ((sample,),) = read({"1": ARTICLE}, truth=None, name="ori_pqaa.json")

    assert sample.source.split == "train"


def test_an_article_without_a_decision_is_dropped(read):
    unlabelled = {name: value for name, value in ARTICLE.items() if name != "final_decision"}

    assert read({"1": unlabelled}) == [Dropped("1", "no_answer", "the options are ABC")]


@pytest.mark.parametrize(
    ("truth", "message"),
    [
        (
            None,
            r"test_ground_truth.json: got .*No such file.*, expected PubMedQA's list of the test set; put it beside",
        ),
        ("{", r"test_ground_truth.json: got .*, expected PubMedQA's list"),
        ("[]", r"test_ground_truth.json: got list, expected an object of answers by PubMed id"),
    ],
)
def test_without_the_list_of_the_test_set_nothing_is_read(read, truth, message):
    with pytest.raises(DataError, match=message):
        read({"1": ARTICLE}, truth=truth)


def test_missing_fields_are_named(read):
    with pytest.raises(
        DataError, match=r"ori_pqal.json, '1': got the fields QUESTION, expected 'CONTEXTS' and 'LONG_ANSWER'"
    ):
        read({"1": {"QUESTION": "Why?"}})


@pytest.mark.skipif("DOCTORSUN_TEST_DATA" not in os.environ, reason="DOCTORSUN_TEST_DATA names no folder of real data")
def test_the_real_set_has_its_published_numbers():
    root = Path(os.environ["DOCTORSUN_TEST_DATA"]) / "pubmedqa"
    reader = open_pubmedqa(ImportSource(format="pubmedqa", path=str(root)))
    samples = [reader.make(pending)[0] for pending in reader.pending()]

    assert Counter(sample.answer.gold[0] for sample in samples) == {"A": 552, "B": 338, "C": 110}
    test = [sample for sample in samples if sample.source.split == "test"]
    assert Counter(sample.answer.gold[0] for sample in test) == {"A": 276, "B": 169, "C": 55}
