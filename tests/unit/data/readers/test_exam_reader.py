"""Examination questions in every published layout, and those that cannot be asked."""

import json

import pytest

from doctorsun.config.collection import ImportSource
from doctorsun.data.readers.exam import open_exam
from doctorsun.data.readers.exam_options import right_letters, split_question
from doctorsun.data.readers.item import Dropped
from doctorsun.errors import DataError

OPTIONS = [("A", "liver"), ("B", "spleen"), ("C", "kidney")]


@pytest.fixture
def read(tmp_path):
    def items(*records, **settings):
        path = tmp_path / "exam.jsonl"
        path.write_text("\n".join(json.dumps(record) for record in records))
        reader = open_exam(ImportSource(format="exam", path=str(path), **settings))
        return [reader.make(pending) for pending in reader.pending()]

    return items


@pytest.mark.parametrize(
    "fields",
    [
        {"Question": "Which filters?", "Options": "A liver\nB spleen\nC kidney", "Answer": "C"},
        {"Question": "Which filters?", "Options": "A liver\\nB spleen\\nC kidney", "Answer": " c "},
        {"question": "Which filters?", "options": {"A": "liver", "B": "spleen", "C": "kidney"}, "answer_idx": "C"},
        {"question": "Which filters?", "options": ["liver", "spleen", "kidney"], "answer": "kidney"},
        {"题目": "Which filters?", "选项": "A. liver\nB、spleen\n(C) kidney", "答案": ["C"]},
        {"question": "Which filters?", "A": "liver", "B": "spleen", "C": "kidney", "D": "", "answer": "C"},
        {"question": "Which filters?", "opa": "liver", "opb": "spleen", "opc": "kidney", "answer": "C"},
        {
            "question": "Which filters?\nAnswer Choices: (A) liver (B) spleen (C) kidney",
            "options": [{"letter": letter, "content": text} for letter, text in OPTIONS],
            "label": ["C"],
        },
        {"question": "Which filters?\nAnswer Choices: (A) liver (B) spleen (C) kidney", "label": ["C"]},
        {"question": "Which filters?", "choices": [{"key": k, "value": v} for k, v in OPTIONS], "answer": "C"},
    ],
)
def test_every_layout_gives_the_same_question(read, fields):
    (((sample,),)) = read(fields)

    assert sample.messages[0].text == "Which filters?\nA. liver\nB. spleen\nC. kidney"
    assert sample.messages[1].text == "C. kidney"
    assert (sample.answer.kind, sample.answer.options) == ("mcq", ("liver", "spleen", "kidney"))
    assert sample.answer.gold == ("C",)
    assert (sample.language, sample.task, sample.source.split) == ("en", "exam", "train")
    assert (sample.source.dataset, sample.source.original_id) == ("exam", "exam.jsonl#1")


def test_several_right_letters_and_an_explanation(read):
    fields = {
        "Question": "哪些是脏",
        "Options": "A 心\\nB 胃\\nC 肝",
        "Answer": "CA",
        "Explanation": "心（A对）、肝为脏",
    }
    (((sample,),)) = read(fields)

    assert sample.messages[0].text == "哪些是脏（多选）\nA. 心\nB. 胃\nC. 肝"
    assert sample.messages[1].text == "答案：A、C\n解析：心（A对）、肝为脏"
    assert (sample.answer.kind, sample.answer.gold, sample.language) == ("mcq_multi", ("A", "C"), "zh")


def test_a_question_of_a_kind_with_several_answers_may_have_one(read):
    fields = {"question": "Which?", "options": ["a", "b"], "answer": "B", "question_type": "多项选择题", "exp": "b is."}
    (((sample,),)) = read(fields)

    assert sample.messages[0].text.startswith("Which? (Choose all that apply.)\n")
    assert sample.messages[1].text == "Answer: B. b\nExplanation: b is."
    assert (sample.answer.kind, sample.answer.gold) == ("mcq_multi", ("B",))


@pytest.mark.parametrize(
    ("fields", "reason", "detail"),
    [
        ({"question": "nan"}, "no_question", ""),
        ({"options": ["only"]}, "no_options", "only"),
        ({"options": ["a", ""]}, "no_options", "a; "),
        ({"options": "B two\nC three"}, "option_letters", "BC"),
        ({"options": [{"name": "one"}, "two"]}, "no_options", "; two"),
        ({"answer": "E"}, "no_answer", "the options are ABC"),
        ({"answer": "AA"}, "no_answer", "the options are ABC"),
        ({"answer": float("nan")}, "no_answer", "the options are ABC"),
        ({"answer": "liver and spleen"}, "no_answer", "the options are ABC"),
        ({"options": ["same", "same", "other"]}, "ambiguous_answer", "same; same; other"),
    ],
)
def test_questions_that_cannot_be_asked_are_dropped(read, fields, reason, detail):
    whole = {"question": "Which?", "options": ["liver", "spleen", "kidney"], "answer": "A"}

    assert read(whole | fields) == [Dropped("exam.jsonl#1", reason, detail)]


def test_two_wrong_options_may_be_alike(read):
    assert not isinstance(read({"question": "Q", "options": ["x", "y", "y"], "answer": "A"})[0], Dropped)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [({"text": "Q", "answer": "A"}, "one of question, query"), ({"question": "Q"}, "one of answer_idx, label, answer")],
)
def test_missing_columns_are_named(read, fields, expected):
    with pytest.raises(DataError, match=rf"exam.jsonl, line 1: got the fields .*, expected {expected}"):
        read(fields)


def test_what_the_user_states_comes_first(read):
    settings = {"dataset": "mine", "licence": "MIT", "split": "validation", "language": "zh"}
    (((sample,),)) = read({"question": "Q", "options": ["a", "b"], "answer": "A"}, **settings)

    source = sample.source
    assert (source.dataset, source.licence, source.split, sample.language) == ("mine", "MIT", "validation", "zh")


def test_letters_inside_an_option_do_not_open_the_next():
    asked, options = split_question("Q\nAnswer Choices: (A) Rh(D) is positive (B) no (D) here (C) anti (D) last")

    assert asked == "Q"
    assert options == [("A", "Rh(D) is positive"), ("B", "no (D) here"), ("C", "anti"), ("D", "last")]


@pytest.mark.parametrize(
    ("told", "letters"),
    [
        ("b", "B"),
        ("BA", "AB"),
        ("A, C", "AC"),
        ("A、B", "AB"),
        (["C", "A"], "AC"),
        ("kidney", "C"),
        ("D", ""),
        ("", ""),
    ],
)
def test_right_letters(told, letters):
    assert right_letters(told, OPTIONS) == letters
