"""Records that are none, and files of another format: what each import format makes of them."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from doctorsun.data.readers.item import Dropped
from doctorsun.data.readers.layout import all_of, any_of
from doctorsun.errors import DataError

TALK = {"conversations": [{"from": "human", "value": "Why?"}, {"from": "gpt", "value": "So."}]}
EXAM = {"question": "Q?", "options": ["x", "y"], "answer": "A", "label": "A"}
CMEXAM = {"Question": "Q?", "Options": "A x\nB y", "Answer": "A", "Explanation": "E"}
SLAKE = {
    "img_name": "xmlab1/source.jpg",
    "question": "Is it?",
    "answer": "Yes",
    "location": "Lung",
    "modality": "CT",
    "answer_type": "CLOSED",
    "content_type": "Organ",
    "qid": 3,
}
ARTICLE = {"QUESTION": "Why?", "CONTEXTS": ["Text."], "LONG_ANSWER": "So.", "final_decision": "yes", "LABELS": ["A"]}
RECORDS = {
    "alpaca": ("a.json", {"instruction": "Why?", "output": "So.", "history": [], "system": "S"}),
    "chimed": ("a.json", {"question": "Why?", "answer": "So."}),
    "cmtmedqa": ("cmtmedqa.json", {"instruction": "Why?", "output": "So.", "history": [], "cate2": "x"}),
    "dialogue": ("a.json", {"question": "Why?", "answer": "So.", "history": [], "department": "x"}),
    "exam": ("a.json", EXAM | {"explanation": "E", "question_type": "x"}),
    "gmai": ("a.json", TALK | {"id": "a", "width": 1, "height": 1}),
    "llava": ("a.json", TALK | {"id": "a", "image": [], "system": "S"}),
    "llava-med": ("a.json", TALK | {"id": "a", "domain": {"mri": True}, "pair_id": "1_F1"}),
    "medxpertqa": ("a.jsonl", EXAM),
    "parallel": ("a.json", {"en": "fever", "zh": "发热"}),
    "preference": ("a.json", {"prompt": "Why?", "chosen": "So.", "rejected": "No.", "history": [], "image": []}),
    "prose": ("a.json", {"text": "A long text.", "title": "T"}),
    "pubmedqa": ("ori_pqaa.json", ARTICLE),
    "pubmedvision": ("a.json", TALK | {"id": "a", "modality": "CT", "body_part": "chest", "image": []}),
    "slake": ("train.json", SLAKE),
    "sunmed": ("pretrain.json", TALK | {"image": []}),
}
NO_RECORDS = [None, 5, "words", [], {}, {"other": 1}]
ODD_VALUES = [None, 5, -1.5, True, "", "x", [], [None], [5], [[]], {}, {"a": None}, [{"a": 1}]]


def write(folder: Path, name: str, records: list) -> Path:
    path = folder / name
    if name == "ori_pqaa.json":
        text = json.dumps({str(number): record for number, record in enumerate(records)}, indent=1)
    elif name.endswith("l"):
        text = "\n".join(map(json.dumps, records))
    else:
        text = json.dumps(records)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("name", RECORDS)
def test_what_is_no_record_is_dropped_and_the_import_goes_on(name, import_all, tmp_path):
    file, record = RECORDS[name]
    path = write(tmp_path, file, [*NO_RECORDS, record, *NO_RECORDS])

    items = import_all(name, path)

    dropped = [*items[: len(NO_RECORDS)], *items[len(NO_RECORDS) + 1 :]]
    assert isinstance(items[len(NO_RECORDS)], tuple)
    assert {each.reason for each in dropped} == {"layout"}
    assert all(each.detail.startswith(str(path)) and ": got " in each.detail for each in dropped)
    assert len({each.original_id for each in dropped}) == len(dropped) == 2 * len(NO_RECORDS)


@pytest.mark.parametrize("name", RECORDS)
def test_a_file_in_which_no_record_fits_is_refused(name, import_all, tmp_path):
    path = write(tmp_path, RECORDS[name][0], [{"other": 1}, {"other": 2}])

    with pytest.raises(DataError, match=r"got the fields (id, )?other, expected .*; choose the format that the file"):
        import_all(name, path)


@pytest.mark.parametrize("name", RECORDS)
def test_odd_values_in_any_field_stop_no_import(name, import_all, tmp_path):
    file, record = RECORDS[name]
    odd = [record | {field: value} for field in record for value in ODD_VALUES]

    items = import_all(name, write(tmp_path, file, [record, *odd, record]))

    assert len(items) == len(odd) + 2
    assert isinstance(items[-1], tuple)


def test_lines_may_begin_with_what_is_no_record(import_all, tmp_path):
    for first in (None, 5, "words", [], [TALK]):
        path = write(tmp_path, "a.jsonl", [first, TALK])
        dropped, kept = import_all("llava", path)
        assert (dropped.reason, len(kept)) == ("layout", 1)


def test_rows_of_parquet_without_turns_are_dropped(import_all, tmp_path):
    path = tmp_path / "train.parquet"
    pq.write_table(pa.Table.from_pylist([{"conversations": None}, {"conversations": []}, TALK]), path)

    without, empty, kept = import_all("hub-parquet", path)

    assert isinstance(without, Dropped)
    assert {without.reason, empty.reason} <= {"layout", "no_answer"}
    assert len(kept) == 1


def test_the_nearest_layout_is_asked_for():
    assert any_of("a", "b").fault({"c": 1}) == "got the fields c, expected one of a, b"
    assert all_of("a", "b").fault({"a": 1}) == "got the fields a, expected 'b'"
    assert any_of("a").fault({}) == "got no field, expected 'a'"
    assert any_of("a", any_case=True).fault({"A": 1}) == ""
    assert any_of("a").fault({"A": 1}) == "got the fields A, expected 'a'"
    assert any_of("a").fault([1]) == "got list, expected a JSON object"
