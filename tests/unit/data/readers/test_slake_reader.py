"""SLAKE: both languages, splits, kinds, images that are here and that are not; and the published numbers."""

import io
import json
import os
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PillowImage

from doctorsun.config.collection import ImportSource
from doctorsun.data.readers.item import Dropped
from doctorsun.data.readers.slake import open_slake
from doctorsun.errors import DataError


def record(**fields):
    whole = {
        "img_id": 1,
        "img_name": "xmlab1/source.jpg",
        "question": "Does the picture contain liver?",
        "answer": "Yes",
        "q_lang": "en",
        "location": "Abdomen",
        "modality": "MRI",
        "answer_type": "CLOSED",
        "base_type": "vqa",
        "content_type": "Organ",
        "triple": ["vhead", "_", "_"],
        "qid": 3,
    }
    return whole | fields


@pytest.fixture
def read(tmp_path):
    def items(*records, name="train.json"):
        (tmp_path / name).write_text(json.dumps(records), encoding="utf-8")
        reader = open_slake(ImportSource(format="slake", path=str(tmp_path)))
        return [reader.make(pending) for pending in reader.pending()]

    return items


def test_a_question_without_its_image_keeps_a_reference(read):
    ((sample,),) = read(record())

    assert (sample.images[0].bytes, sample.images[0].path) == (None, "xmlab1/source.jpg")
    assert sample.messages[0].num_images == 1
    assert (sample.messages[0].text, sample.messages[1].text) == ("Does the picture contain liver?", "Yes")
    assert (sample.answer.kind, sample.answer.gold) == ("closed", ("yes",))
    assert (sample.modality, sample.anatomy, sample.task, sample.language) == ("mr", "abdomen", "organ", "en")
    assert (sample.source.original_id, sample.groups.study) == ("3", "xmlab1/source.jpg")


def test_images_are_found_beside_the_file(read, tmp_path):
    buffer = io.BytesIO()
    PillowImage.fromarray(np.zeros((16, 24), dtype=np.uint8)).save(buffer, "JPEG")
    for name in ("xmlab1", "xmlab2"):
        (tmp_path / "imgs" / name).mkdir(parents=True)
        (tmp_path / "imgs" / name / "source.jpg").write_bytes(buffer.getvalue())
    ((sample,),) = read(record())

    assert (sample.images[0].bytes, sample.images[0].width) == (buffer.getvalue(), 24)


@pytest.mark.parametrize(
    ("name", "split"), [("train.json", "train"), ("validate.json", "validation"), ("test.json", "test")]
)
def test_files_tell_the_split(read, name, split):
    ((sample,),) = read(record(), name=name)

    assert sample.source.split == split


def test_chinese_questions_and_the_answer_none(read):
    asked = record(question="图中有肝脏吗?", answer="没有")
    (chinese,), (none,) = read(asked, record(question="Which organ is abnormal?", answer="None", answer_type="OPEN"))

    assert (chinese.language, chinese.answer.gold) == ("zh", ("没有",))
    assert (none.answer.kind, none.answer.gold) == ("open", ("None",))


@pytest.mark.parametrize(("fields", "reason"), [({"answer": " "}, "no_answer"), ({"question": "?"}, "no_question")])
def test_questions_without_words_are_dropped(read, fields, reason):
    (dropped,) = read(record(**fields))

    assert (dropped.original_id, dropped.reason) == ("train.json#1", reason)


def test_an_unknown_modality_and_place_stay_in_their_own_words(read):
    ((known,), (new,), (untold,)) = read(
        record(location="Left Foot", modality="ultrasound"),
        record(location="Third_Eye", modality="Moon Rays"),
        record(location="", modality=None),
    )

    assert (known.anatomy, known.modality) == ("left_foot", "ultrasound")
    assert (new.anatomy, new.modality) == ("third_eye", "moon_rays")
    assert (untold.anatomy, untold.modality) == ("", "")


def test_an_unknown_kind_of_answer_drops_its_question_alone(read, tmp_path):
    dropped, kept = read(record(answer_type="HALF"), record())

    detail = f"{tmp_path}/train.json, record 1: answer_type: got 'HALF', expected one of CLOSED, OPEN"
    assert dropped == Dropped("train.json#1", "layout", detail)
    assert len(kept) == 1


def test_missing_columns_are_named(read):
    with pytest.raises(
        DataError, match=r"train.json, record 1: got the fields img_name, expected 'question' and 'answer'"
    ):
        read({"img_name": "xmlab1/source.jpg"})


@pytest.mark.skipif("DOCTORSUN_TEST_DATA" not in os.environ, reason="DOCTORSUN_TEST_DATA names no folder of real data")
def test_the_real_set_has_its_published_numbers():
    root = Path(os.environ["DOCTORSUN_TEST_DATA"]) / "slake_qa_text"
    reader = open_slake(ImportSource(format="slake", path=str(root)))
    items = [reader.make(pending) for pending in reader.pending()]
    samples = [item[0] for item in items if not isinstance(item, Dropped)]
    splits = Counter((sample.source.split, sample.language) for sample in samples)

    assert len(items) == 14028
    assert Counter(item.reason for item in items if isinstance(item, Dropped)) == {"no_answer": 1}
    assert (splits["test", "en"], splits["test", "zh"]) == (1061, 1033)
    assert splits["validation", "en"] + splits["validation", "zh"] == 2099
    assert len({sample.id for sample in samples}) == len(samples)
