"""Leakage of VQA-RAD's published split, whose facts are known."""

import os
from pathlib import Path

import pytest

from doctorsun.data.leak.trace import traces_of
from doctorsun.data.readers.item import Dropped
from doctorsun.data.readers.vqa_rad import VqaRadReader
from doctorsun.eval.leakage import LeakNotes, leakage_facts
from leak_rows import SampleRows

ROOT = Path(os.environ.get("DOCTORSUN_TEST_DATA", "")) / "vqa_rad"


def questions(split):
    reader = VqaRadReader(ROOT, split)
    items = [reader.make(pending) for pending in reader.pending() if not isinstance(pending, Dropped)]
    return [sample for item in items if not isinstance(item, Dropped) for sample in item]


@pytest.mark.skipif(not ROOT.is_dir(), reason="DOCTORSUN_TEST_DATA names no folder with vqa_rad")
def test_every_image_and_86_questions_of_the_test_stand_in_the_training_set():
    training = [*questions("train"), *questions("validation")]
    notes = LeakNotes(questions("test"))

    notes.look_through(traces_of(training), SampleRows(training))

    facts = leakage_facts(notes.leaks.values(), [])
    assert (facts["num_questions"], facts["num_clean"], facts["num_pairs"]) == (451, 0, 16)
    assert facts["images"] == {"clean": 0, "near": 0, "exact": 451}
    assert facts["questions"] == {"clean": 357, "near": 8, "exact": 86}
