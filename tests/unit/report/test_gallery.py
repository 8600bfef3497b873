import base64
import io
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fake_run import fake_predictions, fake_samples
from PIL import Image as Picture

from doctorsun.report.gallery import Exhibit, choose_varied, data_uri, gold_text, judge, make_gallery
from doctorsun.schema import Image, Prediction

PREDICTION = Prediction(
    id="1", task="t", language="en", kind="closed", question="?", options=(), gold=("yes",), output="Yes.", cluster="c"
)


def encoded_image(data: bytes | None) -> Image:
    return Image(bytes=data, sha256="0", width=900, height=700)


def test_gallery_shows_right_and_wrong_answers_of_all_modalities_in_both_languages(finished_run: Path) -> None:
    gallery = make_gallery(finished_run)
    assert len(gallery) == 12
    assert [exhibit.verdict == "right" for exhibit in gallery] == [True, False] * 6
    assert {exhibit.prediction.language for exhibit in gallery} == {"en", "zh"}
    assert len({exhibit.prediction.modality for exhibit in gallery}) >= 6
    assert len({exhibit.prediction.cluster for exhibit in gallery}) == 12
    assert all(exhibit.prediction.image_control == "real" for exhibit in gallery)
    assert all(exhibit.sample.id == exhibit.prediction.id for exhibit in gallery)


def test_choice_is_the_same_every_time(finished_run: Path) -> None:
    assert make_gallery(finished_run) == make_gallery(finished_run)


def test_no_gallery_before_the_evaluation(begun_run: Path) -> None:
    assert make_gallery(begun_run) == []


def test_answers_of_one_sort_fill_the_gallery_alone() -> None:
    judged = [(replace(PREDICTION, id=str(index)), "wrong") for index in range(5)]
    assert [row.id for row, _ in choose_varied(judged, 3)] == ["0", "1", "2"]
    assert len(choose_varied(judged, 9)) == 5


def test_new_images_come_before_images_already_shown() -> None:
    judged = [(replace(PREDICTION, id=str(index), cluster=cluster), "right") for index, cluster in enumerate("aab")]
    assert [row.id for row, _ in choose_varied(judged, 3)] == ["0", "2", "1"]


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({}, "right"),
        ({"output": "No."}, "wrong"),
        ({"status": "error"}, "wrong"),
        ({"kind": "open", "gold": ("left pleural effusion",), "output": "pleural effusion"}, "partly"),
        ({"kind": "mcq", "options": ("a", "b"), "gold": ("B",), "output": "B. b"}, "right"),
    ],
)
def test_verdict_follows_the_protocol(changes: dict[str, object], verdict: str) -> None:
    assert judge(replace(PREDICTION, **changes)) == verdict


def test_truth_in_words() -> None:
    assert gold_text(PREDICTION) == "yes"
    choice = replace(PREDICTION, kind="mcq_multi", options=("left", "right"), gold=("A", "B", "C"))
    assert gold_text(choice) == "A. left; B. right; C"
    assert gold_text(replace(PREDICTION, gold=())) == ""
    boxes = replace(PREDICTION, kind="box", language="zh", gold=("nodule 1 2 3 4", "nodule 5 6 7 8"))
    assert gold_text(boxes) == "肺结节 [1, 2, 3, 4]; 肺结节 [5, 6, 7, 8]"


def test_boxes_are_shown_for_questions_about_a_place() -> None:
    sample = list(fake_samples(4))[3]
    prediction = next(iter(fake_predictions([sample])))
    exhibit = Exhibit(prediction=prediction, sample=sample, verdict="right")
    assert exhibit.true_boxes_px == exhibit.said_boxes_px == [(40.0, 50.0, 62.0, 71.0)]
    closed = Exhibit(prediction=PREDICTION, sample=sample, verdict="right")
    assert closed.true_boxes_px == closed.said_boxes_px == []


def test_answers_are_shown_without_pointing_marks() -> None:
    sample = list(fake_samples(4))[3]
    prediction = replace(PREDICTION, kind="box", output=" <ref>nodule</ref> [40.0, 50.0, 62.0, 71.0]")
    exhibit = Exhibit(prediction=prediction, sample=sample, verdict="right")
    assert exhibit.said == "nodule [40.0, 50.0, 62.0, 71.0]"
    assert exhibit.as_dict()["answer"] == prediction.output


def test_small_images_are_embedded_as_they_are() -> None:
    image = next(iter(fake_samples(1))).images[0]
    head, _, text = data_uri(image).partition(",")
    assert head == "data:image/png;base64"
    assert base64.b64decode(text) == image.bytes


def test_large_images_are_made_smaller() -> None:
    buffer = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 255, (700, 900), dtype=np.uint8)
    Picture.fromarray(noise).save(buffer, "PNG")
    head, _, text = data_uri(encoded_image(buffer.getvalue())).partition(",")
    assert head == "data:image/jpeg;base64"
    with Picture.open(io.BytesIO(base64.b64decode(text))) as small:
        assert small.size == (384, 299)


def test_image_that_is_not_here_has_no_address() -> None:
    assert data_uri(encoded_image(None)) == ""


def test_questions_of_stores_outside_of_the_run_are_shown(finished_run: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(finished_run / "eval", run / "eval")
    assert make_gallery(run, [tmp_path / "gone"]) == []
    elsewhere = finished_run / "stores/phantom/test"
    assert make_gallery(run, [elsewhere, elsewhere]) == make_gallery(finished_run)
