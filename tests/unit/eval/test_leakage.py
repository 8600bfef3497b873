"""Leakage: the join of a test with training data."""

import io

import numpy as np
import PIL.Image
import pytest

from doctorsun.eval.leakage import LeakSearch, leakage_facts
from doctorsun.eval.training_trace import traces_of
from doctorsun.image.raster import image_record


def picture(seed, name="PNG"):
    coarse = np.random.default_rng(seed).integers(0, 256, size=(9, 11), dtype=np.uint8)
    buffer = io.BytesIO()
    PIL.Image.fromarray(coarse).resize((96, 80), PIL.Image.Resampling.BICUBIC).save(buffer, name)
    return image_record(buffer.getvalue())


@pytest.fixture
def search():
    """Return the leaks of test questions by id, given training samples."""

    def run(tests, training):
        found = LeakSearch(tests)
        found.look_through(traces_of(training), lambda place, number: training[place].images[number].bytes)
        return found.leaks

    return run


def test_image_and_question_are_told_apart(search, make_sample):
    tests = [
        make_sample(1, image=picture(1), question="Is there a nodule?"),
        make_sample(2, image=picture(2), question="Which organ is it?"),
        make_sample(3, image=picture(3), question="Is a cyst seen?"),
        make_sample(4, image=picture(4), question="What is the plane?"),
    ]
    training = [
        make_sample(11, image=picture(1), question="Which side?"),
        make_sample(12, image=picture(9), question="which organ is it"),
        make_sample(13, image=picture(3, "JPEG"), question="Is a cyst seen?"),
    ]

    leaks = list(search(tests, training).values())

    assert [(leak.image, leak.question, leak.is_pair) for leak in leaks] == [
        ("exact", "clean", False),
        ("clean", "near", False),
        ("near", "exact", True),
        ("clean", "clean", False),
    ]
    assert leaks[2].witnesses == ["sample-13"]
    assert leaks[3].marks == {"leakage": "clean", "question_leakage": "clean", "image_leakage": "clean"}
    assert leaks[0].marks["leakage"] == "seen"


def test_the_worst_contact_of_all_parts_counts_and_a_pair_is_the_best_witness(make_sample):
    test = make_sample(1, image=picture(1), question="Is there a nodule?")
    found = LeakSearch([test])
    parts = [
        [make_sample(11, image=picture(7), question="Is there a nodule?")],
        [make_sample(12, image=picture(1), question="Is there a nodule?")],
        [make_sample(13, image=picture(1), question="Which side?")],
    ]
    for part in parts:
        found.look_through(traces_of(part), lambda *_: None)

    leak = found.leaks["sample-1"]
    assert (leak.image, leak.question, leak.is_pair, leak.witnesses) == ("exact", "exact", True, ["sample-12"])


def test_a_near_fingerprint_of_another_picture_does_not_count(make_sample):
    test, other = make_sample(1, image=picture(1)), make_sample(2, image=picture(1, "JPEG"), question="Which side?")
    found = LeakSearch([test])
    different = picture(5).bytes

    found.look_through(traces_of([other]), lambda *_: different)

    assert found.leaks["sample-1"].image == "clean"


def test_questions_without_images_have_no_mark_of_them(search, make_sample):
    leaks = search([make_sample(1, image=None)], [make_sample(2, image=None)])

    assert leaks["sample-1"].marks == {"leakage": "seen", "question_leakage": "exact"}


def test_the_facts_count_what_is_clean_and_name_what_is_not(search, make_sample):
    tests = [make_sample(1, question="Is a cyst seen?"), make_sample(2, image=None, question="Which side?")]
    leaks = search(tests, [make_sample(1, question="Which side?")])

    facts = leakage_facts(leaks.values(), [{"name": "a/train", "sha256": "f", "num_samples": 1}])

    assert (facts["num_questions"], facts["num_clean"], facts["num_pairs"]) == (2, 0, 0)
    assert facts["images"] == {"clean": 0, "near": 0, "exact": 1}
    assert facts["questions"] == {"clean": 1, "near": 0, "exact": 1}
    assert [row["id"] for row in facts["seen"]] == ["sample-1", "sample-2"]
    assert facts["seen"][0]["witnesses"] == ["sample-1"]
