"""Samples of one image: linked variants, one shared image, boxes that point at objects."""

import hashlib
import json
from dataclasses import replace

import numpy as np
import pytest

from doctorsun.data.convert.annotation import AnnotatedImage, AnnotatedObject
from doctorsun.data.convert.facts import facts_of
from doctorsun.data.convert.samples import question_mix, samples_of
from doctorsun.data.ontology.ontology import load_ontology
from doctorsun.schema import Groups, ImageFacts, Source

ONTOLOGY = load_ontology()


def annotated():
    pixels = np.arange(40 * 30, dtype=np.uint8).reshape(40, 30)
    return AnnotatedImage(
        original_id="img-1",
        picture=pixels,
        source=Source(dataset="own", original_id="img-1"),
        acquisition=ImageFacts(spacing_mm=(2.0, 2.0)),
        modality="chest_xray", anatomy="chest", department="radiology",
        labels={"nodule": True, "effusion": False},
        objects=(
            AnnotatedObject(label="left_lung", box_px=(16, 2, 29, 38)),
            AnnotatedObject(label="nodule", box_px=(20, 30, 25, 35)),
        ),
        groups=Groups(patient="p1"),
    )  # fmt: skip


@pytest.fixture(scope="module")
def samples():
    image = annotated()
    facts = facts_of(image, ONTOLOGY)
    rng = np.random.default_rng(11)
    return [samples_of(image, facts, rng, ONTOLOGY) for _ in range(30)]


def test_ids_are_unique_and_stable(samples):
    for group in samples:
        assert len({sample.id for sample in group}) == len(group)
    again = samples_of(annotated(), facts_of(annotated(), ONTOLOGY), np.random.default_rng(11), ONTOLOGY)
    assert again == samples[0]


def test_all_samples_share_one_encoded_image(samples):
    image = samples[0][0].images[0]
    assert all(sample.images[0] is image for sample in samples[0])
    assert image.bytes is not None
    assert (image.width, image.height, image.facts.spacing_mm) == (30, 40, (2.0, 2.0))
    assert image.sha256 == hashlib.sha256(image.bytes).hexdigest()


def test_every_question_is_translated_and_variants_point_at_a_sample_of_the_image(samples):
    kinds = set()
    for group in samples:
        by_id = {sample.id: sample for sample in group}
        translated = {sample.variant.of for sample in group if sample.variant and sample.variant.kind == "translation"}
        assert translated == {sample.id for sample in group if sample.variant is None}
        for sample in group:
            if sample.variant:
                origin = by_id[sample.variant.of]
                kinds.add(sample.variant.kind)
                assert origin.task == sample.task
                assert (origin.language == sample.language) == (sample.variant.kind != "translation")
                if sample.variant.kind == "paraphrase":
                    assert origin.answer == sample.answer
                    assert origin.messages[0] != sample.messages[0]
                if sample.variant.kind == "negation":
                    assert origin.answer.gold != sample.answer.gold
    assert kinds == {"translation", "paraphrase", "negation"}


def test_messages_show_the_image_once_then_ask_and_answer(samples):
    for sample in samples[0]:
        user, assistant = sample.messages
        assert (user.role, user.num_images, user.content[0].type) == ("user", 1, "image")
        assert (assistant.role, assistant.num_images) == ("assistant", 0)
        assert user.text
        assert assistant.text
        assert "{" not in user.text + assistant.text


def test_box_answers_point_at_the_marked_object(samples):
    boxes = {sample.language: sample for sample in samples[0] if sample.task.startswith("box")}
    assert boxes["zh"].messages[1].text == "<ref>肺结节</ref><box>#1</box>"
    assert boxes["en"].answer.gold == ("nodule 20 30 25 35",)
    assert boxes["en"].objects[1].box_px == (20, 30, 25, 35)


def test_records_carry_truth_origin_and_template(samples):
    sample = samples[0][0]
    assert sample.labels == ("nodule",)
    assert json.loads(sample.facts)["findings"][0]["side"] == "left"
    assert (sample.groups.patient, sample.modality, sample.department) == ("p1", "chest_xray", "radiology")
    assert sample.made_by.method == "template"
    assert sample.made_by.template.startswith(sample.language + "/closed/presence:nodule#")


def test_caption_and_report_name_what_is_there(samples):
    texts = {(sample.task, sample.language): sample.messages[1].text for sample in samples[0]}
    assert texts["caption", "en"] == "Chest radiograph showing left pulmonary nodule."
    assert texts["report", "zh"] == ("所见：左侧肺下野见类圆形结节影。双侧肋膈角锐利。\n诊断意见：左侧肺结节。")


def test_question_mix_counts_answers_of_both_languages(samples):
    plain = [s for group in samples for s in group if s.variant is None or s.variant.kind == "translation"]
    mix = question_mix(plain)
    assert mix["presence:nodule"] == {"yes": 60}
    assert mix["presence:effusion"] == {"no": 60}
    assert "box:nodule" not in mix


def test_without_findings_there_is_no_prose():
    bare = AnnotatedImage(
        original_id="x", picture=np.zeros((4, 6), np.uint8), source=Source(dataset="own"), modality="fundus"
    )
    made = samples_of(bare, facts_of(bare, ONTOLOGY), np.random.default_rng(0), ONTOLOGY)
    assert not [sample for sample in made if sample.task in ("caption", "report")]


def test_nothing_is_ruled_out_by_one_slice_of_a_volume():
    kinds: set[str] = set()
    for seed in range(40):
        image = annotated()
        image = replace(image, acquisition=replace(image.acquisition, slice=7))
        found = samples_of(image, facts_of(image, ONTOLOGY), np.random.default_rng(seed), ONTOLOGY)
        kinds |= {sample.variant.kind for sample in found if sample.variant}
    assert kinds == {"translation", "paraphrase"}
