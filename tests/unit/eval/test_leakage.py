"""Leakage: the join of a test with training data."""

import pytest

from doctorsun.data.leak.trace import traces_of
from doctorsun.eval.leakage import LeakNotes, leakage_facts
from leak_rows import SampleRows, picture


@pytest.fixture
def search():
    """Return the leaks of test questions by id, given training samples."""

    def run(tests, training):
        found = LeakNotes(tests)
        found.look_through(traces_of(training), SampleRows(training))
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
    found = LeakNotes([test])
    parts = [
        [make_sample(11, image=picture(7), question="Is there a nodule?")],
        [make_sample(12, image=picture(1), question="Is there a nodule?")],
        [make_sample(13, image=picture(1), question="Which side?")],
    ]
    for part in parts:
        found.look_through(traces_of(part), SampleRows(part))

    leak = found.leaks["sample-1"]
    assert (leak.image, leak.question, leak.is_pair, leak.witnesses) == ("exact", "exact", True, ["sample-12"])


def test_a_near_fingerprint_of_another_picture_does_not_count(make_sample):
    test, other = make_sample(1, image=picture(1)), make_sample(2, image=picture(1, "JPEG"), question="Which side?")
    found = LeakNotes([test])
    changed = make_sample(2, image=picture(5))

    found.look_through(traces_of([other]), SampleRows([changed]))

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
