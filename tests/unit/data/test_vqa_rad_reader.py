"""The reader of VQA-RAD, on made files of both layouts and on the real set."""

import io
import json
import os
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PillowImage

from doctorsun.data.readers.item import Dropped, Item
from doctorsun.data.readers.vqa_rad import VqaRadReader
from doctorsun.errors import DataError

IN_TRAIN, IN_VALIDATION = "synpic0.jpg", "synpic12.jpg"


def read_vqa_rad(root: Path, split: str | None) -> list[Item]:
    reader = VqaRadReader(root, split)
    return [reader.make(pending) for pending in reader.pending()]


def jpeg(level):
    buffer = io.BytesIO()
    PillowImage.fromarray(np.full((3, 5), level, dtype=np.uint8)).save(buffer, "JPEG")
    return buffer.getvalue()


def record(qid, **fields):
    defaults = {
        "qid": qid,
        "image_name": IN_TRAIN,
        "image_organ": "CHEST",
        "question": "Is there  a mass?",
        "question_type": "PRES",
        "answer": "Yes",
        "answer_type": "CLOSED ",
        "phrase_type": "freeform",
    }
    return {**defaults, **fields}


@pytest.fixture
def make_split(tmp_path):
    """Return a maker of a folder in the layout of trainset.json and testset.json."""

    def make(train=(), test=(), folder=tmp_path):
        (folder / "images").mkdir(parents=True, exist_ok=True)
        for level, name in enumerate((IN_TRAIN, IN_VALIDATION)):
            (folder / "images" / name).write_bytes(jpeg(level))
        (folder / "trainset.json").write_text(json.dumps(list(train)))
        (folder / "testset.json").write_text(json.dumps(list(test)))
        return tmp_path

    return make


def test_a_question_becomes_a_sample(make_split):
    root = make_split(train=[record(7, question_type="PRES, ATTRIB")])

    ((sample,),) = read_vqa_rad(root, "train")

    assert sample.messages[0].text == "Is there a mass?"
    assert sample.messages[0].num_images == 1
    assert sample.messages[1].text == "Yes"
    assert (sample.answer.kind, sample.answer.gold) == ("closed", ("yes",))
    assert (sample.task, sample.modality, sample.anatomy, sample.language) == ("pres", "xray", "chest", "en")
    assert (sample.images[0].bytes, sample.images[0].width, sample.images[0].height) == (jpeg(0), 5, 3)
    assert sample.images[0].path == "images/synpic0.jpg"
    assert (sample.source.original_id, sample.source.split) == ("train-7", "train")
    assert sample.groups.study == IN_TRAIN


def test_questions_on_one_image_share_its_record(make_split):
    (first,), (second,) = read_vqa_rad(make_split(train=[record(1), record(2)]), "train")

    assert first.images[0] is second.images[0]
    assert first.id != second.id


@pytest.mark.parametrize(
    ("fields", "kind", "gold", "reply"),
    [
        ({"answer": "NO "}, "closed", "no", "No"),
        ({"answer": "Right  side"}, "closed", "Right side", "Right side"),
        ({"answer": 2, "answer_type": "OPEN"}, "open", "2", "2"),
        ({"answer": "open abdomen", "answer_type": "open"}, "open", "open abdomen", "open abdomen"),
    ],
)
def test_answers(make_split, fields, kind, gold, reply):
    ((sample,),) = read_vqa_rad(make_split(train=[record(1, **fields)]), "train")

    assert (sample.answer.kind, sample.answer.gold, sample.messages[1].text) == (kind, (gold,), reply)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"image_organ": "ABD"}, ("ct", "abdomen", "pres")),
        ({"image_organ": "HEAD", "question_type": "ATRIB"}, ("ct_mr", "brain", "attrib")),
        ({"question_type": "Other"}, ("xray", "chest", "other")),
    ],
)
def test_organs_and_question_types(make_split, fields, expected):
    ((sample,),) = read_vqa_rad(make_split(train=[record(1, **fields)]), "train")

    assert (sample.modality, sample.anatomy, sample.task) == expected


def test_validation_is_cut_from_training_by_image(make_split):
    elsewhere = {"image_name": IN_VALIDATION}
    root = make_split(train=[record(1), record(2, **elsewhere)], test=[record(3, **elsewhere)])

    assert [item.source.original_id for (item,) in read_vqa_rad(root, "train")] == ["train-1"]
    assert [item.source.original_id for (item,) in read_vqa_rad(root, "validation")] == ["train-2"]
    assert [item.source.original_id for (item,) in read_vqa_rad(root, "test")] == ["test-3"]


def test_all_splits_are_read_in_file_order(make_split):
    root = make_split(train=[record(1), record(2, image_name=IN_VALIDATION)], test=[record(3)])

    splits = [item.source.split for (item,) in read_vqa_rad(root, None)]
    assert splits == ["train", "validation", "test"]


def test_a_data_folder_below_the_root_is_found(make_split, tmp_path):
    assert len(list(read_vqa_rad(make_split(train=[record(1)], folder=tmp_path / "data"), "train"))) == 1


def test_the_official_file_splits_by_phrase_type(tmp_path):
    records = [record(1), record(2, phrase_type="para"), record(3, phrase_type="test_freeform")]
    (tmp_path / "VQA_RAD Dataset Public.json").write_text(json.dumps(records), encoding="utf-8-sig")
    (tmp_path / "VQA_RAD Image Folder").mkdir()
    (tmp_path / "VQA_RAD Image Folder" / IN_TRAIN).write_bytes(jpeg(1))

    assert [item.source.original_id for (item,) in read_vqa_rad(tmp_path, "train")] == ["train-1", "train-2"]
    assert [item.source.original_id for (item,) in read_vqa_rad(tmp_path, "test")] == ["test-3"]


def test_what_cannot_be_used_is_dropped_with_its_reason(make_split):
    records = [record(1), record(1), record(2, answer=None), record(3, answer=float("nan")), record(4, question=" ?")]
    root = make_split(train=records)

    _, *dropped = read_vqa_rad(root, "train")

    place = f"{root / 'trainset.json'}, record "
    assert dropped == [
        Dropped("train-1", "duplicate_id", place + "2"),
        Dropped("train-2", "no_answer", place + "3"),
        Dropped("train-3", "no_answer", place + "4"),
        Dropped("train-4", "no_question", place + "5"),
    ]


def test_an_image_that_is_missing_is_named(make_split):
    with pytest.raises(DataError, match=r"trainset.json, record 1: image .*gone.jpg: got no such file, expected"):
        list(read_vqa_rad(make_split(train=[record(1, image_name="gone.jpg")]), "train"))


def test_an_unknown_part_of_the_body_stays_in_its_own_words(make_split):
    ((sample,),) = read_vqa_rad(make_split(train=[record(1, image_organ="THIRD EYE")]), "train")

    assert (sample.modality, sample.anatomy) == ("", "third_eye")


def test_records_without_the_layout_are_dropped_alone(make_split):
    broken = record(1)
    del broken["answer_type"]
    root = make_split(train=[record(0), broken, "text", record(3, answer_type="HALF")])

    kept, *dropped = read_vqa_rad(root, "train")

    place = f"{root}/trainset.json, record"
    assert len(kept) == 1
    assert [(each.original_id, each.reason) for each in dropped] == [
        ("train#2", "layout"),
        ("train#3", "layout"),
        ("train-3", "layout"),
    ]
    assert dropped[0].detail.endswith("expected 'answer_type'")
    assert dropped[1].detail == f"{place} 3: got str, expected a JSON object"
    assert dropped[2].detail == f"{place} 4: answer_type: got 'HALF', expected one of CLOSED, OPEN"
    assert all(isinstance(item, tuple) for item in read_vqa_rad(root, "test"))


def test_a_file_of_other_records_is_named(make_split):
    with pytest.raises(DataError, match=r"trainset.json, record 1: got str, expected a JSON object; choose the format"):
        list(read_vqa_rad(make_split(train=["text"]), "train"))


@pytest.mark.parametrize("text", ["{broken", '{"qid": 1}'])
def test_a_file_that_is_no_list_is_named(make_split, text):
    root = make_split()
    (root / "trainset.json").write_text(text)

    with pytest.raises(DataError, match=r"trainset.json: got .*, expected a JSON list of questions"):
        list(read_vqa_rad(root, "train"))


def test_a_folder_without_the_set_tells_where_it_is(tmp_path):
    with pytest.raises(DataError, match=r"got none of its files, expected trainset.json and testset.json, or .*osf.io"):
        list(read_vqa_rad(tmp_path, "train"))


def test_an_unknown_split_is_refused(tmp_path):
    with pytest.raises(DataError, match="VQA-RAD split: got 'dev', expected train or validation or test"):
        list(read_vqa_rad(tmp_path, "dev"))


@pytest.mark.skipif("DOCTORSUN_TEST_DATA" not in os.environ, reason="DOCTORSUN_TEST_DATA names no folder of real data")
def test_the_real_set_has_its_published_numbers():
    root = Path(os.environ["DOCTORSUN_TEST_DATA"]) / "vqa_rad"
    if not root.is_dir():
        pytest.skip(f"{root} is not there")
    made = {split: read_vqa_rad(root, split) for split in ("train", "validation", "test")}

    items = {
        split: [sample for item in found if isinstance(item, tuple) for sample in item] for split, found in made.items()
    }
    assert {split: len(found) for split, found in items.items()} == {split: len(found) for split, found in made.items()}
    assert len(items["train"]) + len(items["validation"]) == 3064
    assert len(items["validation"]) == 166
    assert Counter(item.answer.kind for item in items["test"]) == {"closed": 272, "open": 179}
    assert sum(item.answer.gold[0] in ("yes", "no") and item.answer.kind == "closed" for item in items["test"]) == 251
    images = {split: {item.images[0].sha256 for item in found} for split, found in items.items()}
    assert images["train"].isdisjoint(images["validation"])
    assert len(images["train"] | images["validation"]) == 314
    assert images["test"] <= images["train"] | images["validation"]
