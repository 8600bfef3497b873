"""CMExam, CMMLU and MedXpertQA's inputs: layouts, splits, and the published numbers of the real files."""

import json
import os
from collections import Counter
from pathlib import Path

import pytest

from doctorsun.config.collection import ImportSource
from doctorsun.data.readers.exam_sets import open_cmexam, open_cmmlu, open_medxpertqa
from doctorsun.data.readers.item import Dropped
from doctorsun.errors import DataError


def items(opener, path, **settings):
    reader = opener(ImportSource(format="", path=str(path), **settings))
    return [reader.make(pending) for pending in reader.pending()]


@pytest.mark.parametrize(("name", "split"), [("train.csv", "train"), ("val.csv", "test"), ("test.csv", "test")])
def test_cmexam_trains_on_its_training_file_only(tmp_path, name, split):
    (tmp_path / name).write_text('Question,Options,Answer,Explanation\n胃属于,"A 脏\nB 腑",B,nan\n', encoding="utf-8")
    ((sample,),) = items(open_cmexam, tmp_path)

    assert (sample.source.split, sample.source.licence, sample.messages[1].text) == (split, "Apache-2.0", "B. 腑")


def test_cmexam_without_a_column_is_named(tmp_path):
    (tmp_path / "val.csv").write_text("Question,Options,Reply\n胃属于,A 脏,B\n", encoding="utf-8")

    with pytest.raises(
        DataError, match=r"val.csv, line 2: got the fields Question, Options, Reply, expected 'Answer' and"
    ):
        items(open_cmexam, tmp_path)


def test_cmmlu_is_for_evaluation_and_tells_the_subject(tmp_path):
    for split in ("dev", "test"):
        (tmp_path / split).mkdir()
        (tmp_path / split / "anatomy.csv").write_text(",Question,A,B,C,D,Answer\n0,最大的,肝,脾,胃,肾,A\n", "utf-8")
    samples = [sample for (sample,) in items(open_cmmlu, tmp_path)]

    assert {sample.source.split for sample in samples} == {"test"}
    assert {sample.task for sample in samples} == {"exam:anatomy"}
    assert [sample.source.original_id for sample in samples] == ["dev/anatomy.csv#1", "test/anatomy.csv#1"]


def test_medxpertqa_inputs_keep_the_names_of_their_suites(tmp_path):
    question = {"question": "Which?\nAnswer Choices: (A) one (B) two", "label": ["B"]}
    for name, more in (("medqa", {"id": "test-0"}), ("mmlu_medical", {"subject": "anatomy"}), ("own", {"id": "T-1"})):
        (tmp_path / f"{name}_input.jsonl").write_text(json.dumps(question | more))
    samples = [sample for (sample,) in items(open_medxpertqa, tmp_path)]

    told = [(sample.source.dataset, sample.source.original_id, sample.task) for sample in samples]
    assert told == [
        ("medqa", "test-0", "exam:medqa"),
        ("mmlu", "mmlu_medical_input.jsonl#1", "exam:anatomy"),
        ("medxpertqa", "T-1", "exam:own"),
    ]
    assert {sample.source.split for sample in samples} == {"test"}


def test_a_name_that_the_user_gives_holds_for_all_suites(tmp_path):
    (tmp_path / "medqa_input.jsonl").write_text('{"question": "Q Answer Choices: (A) a (B) b", "label": ["A"]}')
    ((sample,),) = items(open_medxpertqa, tmp_path, dataset="mine")

    assert sample.source.dataset == "mine"


@pytest.mark.skipif("DOCTORSUN_TEST_DATA" not in os.environ, reason="DOCTORSUN_TEST_DATA names no folder of real data")
@pytest.mark.parametrize(
    ("opener", "folder", "num_read", "dropped"),
    [
        (open_cmexam, "cmexam_val", 6811, {"no_answer": 1, "option_letters": 3, "ambiguous_answer": 1}),
        (open_cmmlu, "cmmlu_medical/data/test", 1941, {}),
        (open_cmmlu, "cmmlu_medical/data/dev", 50, {}),
        (open_medxpertqa, "medxpertqa_inputs", 1273 + 1089 + 244, {}),
    ],
)
def test_the_real_sets_have_their_published_numbers(opener, folder, num_read, dropped):
    found = items(opener, Path(os.environ["DOCTORSUN_TEST_DATA"]) / folder)

    assert len(found) == num_read
    assert Counter(item.reason for item in found if isinstance(item, Dropped)) == dropped
    samples = [item[0] for item in found if not isinstance(item, Dropped)]
    assert len({sample.id for sample in samples}) == len(samples)
    assert {sample.source.split for sample in samples} == {"test"}
