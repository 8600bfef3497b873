"""Toyhom's questions and CMtMedQA: layouts, splits, and the published numbers of the real files."""

import json
import os
from collections import Counter
from pathlib import Path

import pytest

from doctorsun.config.collection import ImportSource
from doctorsun.data.readers.dialogue_sets import open_cmtmedqa, open_toyhom
from doctorsun.data.readers.item import Dropped
from doctorsun.errors import DataError


def items(opener, path):
    reader = opener(ImportSource(format="", path=str(path)))
    return [reader.make(pending) for pending in reader.pending()]


@pytest.mark.parametrize("encoding", ["gb18030", "utf-8", "utf-8-sig"])
def test_toyhom_in_every_encoding(tmp_path, encoding):
    lines = "department,title,ask,answer\n皮肤科,湿疹怎么办？,无,保湿\n消化科,胃痛,吃什么，好？,\n"
    (tmp_path / "样例.csv").write_bytes(lines.encode(encoding))
    (sample,), dropped = items(open_toyhom, tmp_path)

    assert [message.text for message in sample.messages] == ["湿疹怎么办？", "保湿"]
    assert (sample.department, sample.source.licence, sample.source.split) == ("dermatology", "MIT", "train")
    assert dropped == Dropped("样例.csv#2", "no_answer")


def test_toyhom_without_its_columns_is_named(tmp_path):
    (tmp_path / "a.csv").write_text("department,question,answer\n内科,问,答\n", encoding="utf-8")

    with pytest.raises(
        DataError, match=r"a.csv, line 2: got the fields department.*, expected 'title' and 'ask'; choose"
    ):
        items(open_toyhom, tmp_path)


@pytest.mark.parametrize(("name", "split"), [("CMtMedQA.json", "train"), ("CMtMedQA_test.json", "test")])
def test_cmtmedqa_tells_split_department_and_safety(tmp_path, name, split):
    talk = {"id": "j1", "cate1": "外科", "cate2": "眼科", "instruction": "谢谢", "input": "", "output": "不客气"}
    prompt = {"instruct": " 被诅咒了吗？", "output": " 没有科学依据。"}
    (tmp_path / name).write_text(json.dumps([talk | {"history": [["眼红", "请滴药"]]}, prompt]))
    (tmp_path / "MANIFEST.json").write_text("{}")
    (talked,), (tried,) = items(open_cmtmedqa, tmp_path)

    assert [message.text for message in talked.messages] == ["眼红", "请滴药", "谢谢", "不客气"]
    assert (talked.source.original_id, talked.department, talked.task) == ("j1", "ophthalmology", "dialogue")
    assert (tried.source.original_id, tried.task, tried.messages[0].text) == (f"{name}#2", "safety", "被诅咒了吗？")
    assert {talked.source.split, tried.source.split} == {split}


def test_cmtmedqa_drops_what_has_no_answer(tmp_path):
    (tmp_path / "CMtMedQA.json").write_text('[{"id": "j1", "instruction": "问", "output": ""}]', encoding="utf-8")

    assert items(open_cmtmedqa, tmp_path) == [Dropped("j1", "no_answer")]


@pytest.mark.skipif("DOCTORSUN_TEST_DATA" not in os.environ, reason="DOCTORSUN_TEST_DATA names no folder of real data")
def test_the_real_sets_have_their_published_numbers():
    root = Path(os.environ["DOCTORSUN_TEST_DATA"])
    toyhom = [item[0] for item in items(open_toyhom, root / "toyhom_zh_dialogue")]
    talks = [item[0] for item in items(open_cmtmedqa, root / "zhongjing_cmtmedqa")]

    assert len(toyhom) == 7644
    assert Counter(sample.department for sample in toyhom)["hepatology"] == 3121
    assert Counter(sample.task for sample in talks) == {"dialogue": 1000, "safety": 144}
    assert {sample.source.split for sample in talks} == {"test"}
    assert {sample.language for sample in toyhom + talks} == {"zh"}
    assert len({sample.id for sample in toyhom + talks}) == 7644 + 1144
    assert Counter(len(sample.messages) // 2 for sample in talks if sample.task == "dialogue")[5] == 347
