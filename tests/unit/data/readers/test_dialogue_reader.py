"""Dialogues in every published layout: columns, histories and lists of turns; and those that are none."""

import json

import pytest

from doctorsun.config.collection import ImportSource
from doctorsun.data.readers.dialogue import open_dialogue
from doctorsun.data.readers.item import Dropped
from doctorsun.errors import DataError


@pytest.fixture
def read(tmp_path):
    def items(*records):
        path = tmp_path / "talk.jsonl"
        path.write_text("\n".join(json.dumps(record) for record in records))
        reader = open_dialogue(ImportSource(format="dialogue", path=str(path)))
        return [reader.make(pending) for pending in reader.pending()]

    return items


def said(sample):
    return [(message.role, message.text) for message in sample.messages]


FOUR = [("user", "头痛"), ("assistant", "多久了？"), ("user", "两天"), ("assistant", "请休息。")]


@pytest.mark.parametrize(
    "fields",
    [
        {"instruction": "两天", "input": "", "output": "请休息。", "history": [["头痛", "多久了？"]]},
        {"question": "两天", "answer": "请休息。", "history": [("头痛", "多久了？")]},
        {"messages": [{"role": role, "content": text} for role, text in FOUR]},
        {"conversations": [{"from": {"user": "human"}.get(role, "gpt"), "value": text} for role, text in FOUR]},
        {"dialogue": [{"speaker": {"user": "病人"}.get(role, "医生"), "utterance": text} for role, text in FOUR]},
        {"turns": [text for _, text in FOUR]},
        {"turns": [*(text for _, text in FOUR), "谢谢"]},
    ],
)
def test_every_layout_gives_the_same_dialogue(read, fields):
    ((sample,),) = read(fields)

    assert said(sample) == FOUR
    assert (sample.language, sample.task, sample.answer) == ("zh", "dialogue", None)


def test_turns_of_one_speaker_in_a_row_become_one(read):
    turns = [("system", "你是医生"), ("user", "你好"), ("user", "头痛"), ("assistant", "好"), ("assistant", "休息")]
    ((sample,),) = read({"messages": [{"role": role, "content": text} for role, text in turns]})

    assert said(sample) == [("system", "你是医生"), ("user", "你好\n头痛"), ("assistant", "好\n休息")]


@pytest.mark.parametrize(
    ("fields", "question"),
    [
        ({"title": "高血压？", "ask": "能吃党参吗"}, "高血压？\n能吃党参吗"),
        ({"title": "能吃党参吗", "ask": "我能吃党参吗"}, "我能吃党参吗"),
        ({"title": "能吃党参吗", "ask": None}, "能吃党参吗"),
        ({"instruction": "Answer.", "input": "What is ALT?"}, "Answer.\nWhat is ALT?"),
    ],
)
def test_what_is_asked_is_said_once(read, fields, question):
    ((sample,),) = read(fields | {"answer": "可以"})

    assert said(sample) == [("user", question), ("assistant", "可以")]


def test_a_department_of_the_ontology_is_kept(read):
    (known,), (unknown,) = read(*({"ask": "q", "answer": "a", "department": name} for name in ("皮肤科", "家居健康")))

    assert (known.department, unknown.department) == ("dermatology", "")


@pytest.mark.parametrize(
    ("fields", "reason", "detail"),
    [
        ({"ask": " ", "answer": "a"}, "no_question", ""),
        ({"ask": "q", "answer": "NaN"}, "no_answer", ""),
        ({"ask": "q", "answer": "a", "history": [["", "b"]]}, "no_question", ""),
        ({"ask": "q", "answer": "a", "history": [["b", ""]]}, "no_answer", ""),
        ({"ask": "q", "answer": "a", "history": [["one"]]}, "history", "not a list of pairs"),
        ({"ask": "q", "answer": "a", "history": "text"}, "history", "not a list of pairs"),
        ({"turns": []}, "no_answer", ""),
        ({"turns": ["q"]}, "no_answer", ""),
        ({"turns": "text"}, "turns", "not a list but str"),
        ({"messages": [{"role": "doctor", "content": "hello"}]}, "no_question", ""),
        ({"messages": [{"role": "nurse", "content": "hello"}]}, "speaker", "turn 1 is of 'nurse'"),
    ],
)
def test_what_is_no_dialogue_is_dropped(read, fields, reason, detail):
    assert read(fields) == [Dropped("talk.jsonl#1", reason, detail)]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [({"answer": "a"}, "one of instruction, instruct, question"), ({"ask": "q"}, "one of output, answer, response")],
)
def test_missing_columns_are_named(read, fields, expected):
    with pytest.raises(DataError, match=rf"talk.jsonl, line 1: got the fields .*, expected {expected}"):
        read(fields)
