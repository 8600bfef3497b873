"""The embedded source: items are pure, splits do not share patients, answers are balanced."""

import itertools
from functools import partial

import pytest

from doctorsun.data.convert.samples import question_mix
from doctorsun.data.readers.phantom import (
    MODALITIES,
    DrawnReader,
    phantom_item,
    phantom_text_item,
    shapes_item,
    split_of,
)  # fmt: skip
from doctorsun.errors import DataError
from doctorsun.text.polarity import bare_polarity, polarity

SPLITS = ("train", "validation", "test")


def read(draw, num_items, split="train"):
    reader = DrawnReader(partial(draw, 7, split), num_items)
    return [list(reader.make(number)) for number in reader.pending()]


@pytest.fixture(scope="module")
def items():
    return read(phantom_item, 160)


def test_modalities_take_turns(items):
    assert [item[0].modality for item in items[:9]] == [*MODALITIES, MODALITIES[0]]


def test_an_item_does_not_depend_on_the_ones_before(items):
    assert phantom_item(7, "train", 5) == items[5]
    assert shapes_item(7, "test", 3) == read(shapes_item, 4, "test")[3]
    assert phantom_text_item(7, "train", 1) == read(phantom_text_item, 2)[1]


@pytest.mark.parametrize("make", [phantom_item, shapes_item, phantom_text_item])
def test_seed_split_and_number_each_change_the_item(make):
    base = make(7, "train", 1)
    for other in (make(8, "train", 1), make(7, "test", 1), make(7, "train", 9)):
        assert {sample.id for sample in base}.isdisjoint(sample.id for sample in other)
        assert [sample.messages for sample in base] != [sample.messages for sample in other]


def test_ids_are_unique_over_the_source(items):
    ids = [sample.id for item in items for sample in item]
    assert len(set(ids)) == len(ids)


def test_patients_own_one_or_two_images_and_one_split():
    patients = {split: [phantom_item(7, split, i)[0].groups.patient for i in range(9)] for split in SPLITS}
    for split, names in patients.items():
        assert {len(list(group)) for _, group in itertools.groupby(names)} == {1, 2}
        assert {split_of(name) for name in names} == {split}


def test_origin_and_licence_are_written(items):
    sample = items[3][0]
    assert (sample.source.dataset, sample.source.split, sample.source.original_id) == ("phantom", "train", "train-7-3")
    assert sample.source.licence == "Apache-2.0"
    assert sample.domain == "medical"
    assert sample.images[0].facts.spacing_mm is not None
    assert items[1][0].images[0].facts.window is not None


def test_shapes_are_the_general_domain():
    sample = shapes_item(7, "train", 0)[0]
    assert (sample.domain, sample.modality, sample.source.dataset) == ("general", "", "shapes")


def test_documents_are_lone_assistant_messages():
    for sample in phantom_text_item(7, "train", 0):
        assert [message.role for message in sample.messages] == ["assistant"]
        assert (sample.images, sample.task, sample.answer) == ((), "text", None)


def test_languages_are_balanced(items):
    languages = [sample.language for item in items for sample in item]
    assert abs(languages.count("zh") / len(languages) - 0.5) < 0.02


def test_closed_answers_are_balanced_and_easy_types_are_few(items):
    mix = question_mix(sample for item in items for sample in item)
    total = sum(sum(counts.values()) for counts in mix.values())
    assert abs(sum(counts["yes"] for counts in mix.values()) / total - 0.5) < 0.05
    easy = sum(sum(mix[task].values()) for task in ("modality", "plane", "organ"))
    assert 0.05 < easy / total < 0.20
    for task, counts in mix.items():
        spread = 2.6 * (0.25 / max(1, sum(counts.values()) / 2.3)) ** 0.5
        assert abs(counts["yes"] / sum(counts.values()) - 0.5) < spread, task


def test_every_closed_reply_states_evidence_and_reads_as_its_gold(items):
    drawn = [sample for number in range(40) for sample in shapes_item(7, "train", number)]
    closed = [
        sample
        for sample in [*drawn, *(sample for item in items for sample in item)]
        if sample.answer is not None and sample.answer.kind == "closed"
    ]
    assert {sample.task.split(":")[0] for sample in closed} > {"presence", "zone", "organ", "digit", "colour"}
    for sample in closed:
        reply = sample.messages[-1].text
        assert polarity(reply) == bare_polarity(sample.answer.gold[0]), reply
        assert polarity(reply.rstrip(".。 ")[: -len(sample.answer.gold[0])]) is None, reply


@pytest.mark.parametrize("make", [phantom_item, shapes_item, phantom_text_item])
def test_unknown_split_is_refused(make):
    with pytest.raises(DataError, match="split: got 'dev', expected one of train, validation, test"):
        make(7, "dev", 0)


@pytest.mark.parametrize("make", [phantom_item, phantom_text_item])
def test_unknown_modality_is_refused(make):
    with pytest.raises(DataError, match="phantom modality: got 'pet', expected one of chest_xray"):
        make(7, "train", 0, ("chest_xray", "pet"))


def test_a_foreign_patient_has_no_split():
    with pytest.raises(DataError, match="patient: got 'John', expected an id such as 'patient-7-12'"):
        split_of("John")
