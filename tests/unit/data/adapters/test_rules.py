"""Tests of the rules by which adapters find split, patient, modality and licence."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from doctorsun.data.adapters.adapter import FieldRule, SplitRule
from doctorsun.data.adapters.rules import split_of, value_of
from doctorsun.data.readers.record import Record
from doctorsun.errors import DataError


def record(**fields: str) -> Record:
    return Record(original_id="x-1", picture=np.zeros((2, 3), np.uint8), fields=fields)


def test_a_value_is_a_template_of_fields() -> None:
    assert value_of("{site}/{patient}", record(site="a", patient="7"), "patient") == "a/7"
    assert value_of("xray", record(), "modality") == "xray"


def test_a_rule_takes_a_part_of_a_field_and_translates_it() -> None:
    path = record(path="CheXpert/train/patient00003/view1.jpg", view="Lateral")
    assert value_of(FieldRule(field="{path}", match=r"(patient\d+)"), path, "patient") == "patient00003"
    view = FieldRule(field="{view}", values={"Lateral": "lateral", "Frontal": "frontal"})
    assert value_of(view, path, "plane") == "lateral"


def test_a_value_that_the_page_does_not_name_gives_the_line_to_add() -> None:
    with pytest.raises(DataError, match=r"licence of x-1.*'CC-BY-SA'.*add the line 'CC-BY-SA: VALUE' under licence"):
        value_of(FieldRule(field="{terms}", values={"CC-0": "CC0-1.0"}), record(terms="CC-BY-SA"), "licence")


def test_a_field_unlike_its_pattern_is_told() -> None:
    with pytest.raises(DataError, match=r"patient of x-1.*'anonymous'.*text like \^P.*correct patient.match"):
        value_of(FieldRule(field="{who}", match=r"^P(\d+)"), record(who="anonymous"), "patient")


def test_a_split_is_fixed_or_translated_from_a_field() -> None:
    assert split_of("test", record(), Path()) == "test"
    rule = SplitRule(field="{part}", values={"val": "validation", "train": "train"})
    assert split_of(rule, record(part="val"), Path()) == "validation"
    with pytest.raises(DataError, match=r"add the line 'TEST: train' under split\.values"):
        split_of(rule, record(part="TEST"), Path())


def test_a_part_of_a_field_tells_the_split() -> None:
    rule = SplitRule(field="{path}", match="^(train|valid)/", values={"valid": "validation", "train": "train"})
    assert split_of(rule, record(path="valid/a.png"), Path()) == "validation"


def test_lists_name_the_items_of_a_split_one_a_line(tmp_path: Path) -> None:
    (tmp_path / "train.txt").write_text("a b.png\r\nc.png\n")
    (tmp_path / "test.txt").write_bytes("\ufeffd.png\n".encode())
    rule = SplitRule(lists={"train": "train.txt", "test": "test.txt"}, key="{file}")
    assert split_of(rule, record(file="a b.png"), tmp_path) == "train"
    assert split_of(rule, record(file="d.png"), tmp_path) == "test"
    with pytest.raises(DataError, match=r"'b.png' in no list.*a line of train.txt, test.txt"):
        split_of(rule, record(file="b.png"), tmp_path)


def test_a_list_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"gone.txt.*the list of a split"):
        split_of(SplitRule(lists={"train": "gone.txt"}), record(name="a"), tmp_path)


def test_a_hash_keeps_equal_keys_together_at_85_5_and_10_percent() -> None:
    rule = SplitRule(hash="{patient}")
    splits = {str(number): split_of(rule, record(patient=str(number)), Path()) for number in range(2000)}
    shares = Counter(splits.values())
    assert 1640 < shares["train"] < 1760
    assert 70 < shares["validation"] < 130
    assert splits["7"] == split_of(rule, record(patient="7", image="other"), Path())


def test_a_hash_beside_a_field_takes_validation_from_train_alone() -> None:
    rule = SplitRule(field="{part}", values={"train": "train", "test": "test"}, hash="{patient}")
    trained = Counter(split_of(rule, record(part="train", patient=str(number)), Path()) for number in range(2000))
    assert set(trained) == {"train", "validation"}
    assert 70 < trained["validation"] < 130
    assert {split_of(rule, record(part="test", patient=str(number)), Path()) for number in range(100)} == {"test"}
