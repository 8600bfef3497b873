"""Questions about marks hold what was measured, and say so where nothing can be told."""

import numpy as np
import pytest

from doctorsun.data.convert.annotation import AnnotatedImage, AnnotatedObject
from doctorsun.data.convert.asking.choose import questions_about
from doctorsun.data.convert.asking.image import image_choices
from doctorsun.data.convert.asking.marks import comparison_questions, mark_questions
from doctorsun.data.convert.asking.sizes import size_questions
from doctorsun.data.convert.asking.unknown import unknown_questions
from doctorsun.data.convert.facts import Facts, Finding, measured_facts
from doctorsun.data.ontology.ontology import load_ontology
from doctorsun.data.ontology.siblings import root_of
from doctorsun.image.geometry import box_of_mask
from doctorsun.schema import ImageFacts, Source

ONTOLOGY = load_ontology()
SIZE = (100, 200)
SEEDS = range(40)
RED_CELL = ONTOLOGY.finding("red_blood_cell").term


def boxed(label, x0, y0, x1, y1):
    return AnnotatedObject(label=label, box_px=(x0, y0, x1, y1))


def outlined(label, x0, y0, x1, y1):
    mask = np.zeros(SIZE, dtype=np.bool_)
    mask[y0:y1, x0:x1] = True
    return AnnotatedObject(label=label, box_px=box_of_mask(mask), mask=mask)


def known(*objects, absent=(), spacing_mm=None, orientation="", **more):
    image = AnnotatedImage(
        original_id="1", picture=np.zeros(SIZE, dtype=np.uint8), source=Source(dataset="own"), objects=objects,
        labels={item.label: True for item in objects} | dict.fromkeys(absent, False),
        acquisition=ImageFacts(spacing_mm=spacing_mm, orientation=orientation), **more,
    )  # fmt: skip
    return measured_facts(image, ONTOLOGY)


def over_seeds(ask, facts):
    return [question for seed in SEEDS for question in ask(facts, ONTOLOGY, np.random.default_rng(seed))]


def of_family(questions, family):
    found = [question for question in questions if question.family == family]
    assert found, family
    return found


POLYP = known(outlined("polyp", 120, 10, 180, 30), anatomy="colon")
CELLS = known(
    *(boxed("red_blood_cell", 20 * i, 0, 20 * i + 15, 15) for i in range(5)),
    boxed("platelet", 0, 50, 8, 58),
    anatomy="blood",
)


def test_a_box_is_asked_for_by_its_label_and_a_label_by_its_box():
    questions = over_seeds(mark_questions, POLYP)
    assert {question.boxes for question in of_family(questions, "box")} == {(0,)}
    for question in of_family(questions, "region"):
        assert question.slots["region"].en == ("<box>#0</box>",)
        right = question.options[question.right] if question.kind == "mcq" else question.answer
        assert right.id == "polyp"
        assert "adenoma" not in {option.id for option in question.options}


def test_several_boxes_are_asked_for_together_up_to_a_limit():
    questions = over_seeds(mark_questions, CELLS)
    assert {question.boxes for question in of_family(questions, "boxes")} == {(0, 1, 2, 3, 4)}
    many = known(*(boxed("red_blood_cell", 10 * i, 0, 10 * i + 8, 8) for i in range(9)))
    assert not [question for question in over_seeds(mark_questions, many) if question.kind == "box"]


def test_the_region_is_told_from_findings_that_are_absent_first():
    facts = known(boxed("nodule", 10, 10, 20, 20), absent=("mass", "lung_cyst", "lung_cavity"))
    for question in of_family(over_seeds(mark_questions, facts), "region"):
        if question.kind == "mcq":
            assert {option.id for option in question.options} == {"nodule", "mass", "lung_cyst", "lung_cavity"}


def test_the_place_is_right_in_every_form():
    for question in of_family(over_seeds(mark_questions, POLYP), "place"):
        if question.kind == "closed":
            assert question.truth == (question.slots["place"].id == "top_right")
        else:
            right = question.options[question.right] if question.kind == "mcq" else question.answer
            assert right.id == "top_right"


def test_a_number_is_right_in_every_form_and_areas_are_not_things():
    for facts, family, number in ((CELLS, "number", 5), (POLYP, "areas", 1)):
        for question in of_family(over_seeds(mark_questions, facts), family):
            if question.task == "number:platelet":
                continue
            if question.kind == "closed":
                assert question.truth == (number > int(question.slots["limit"].id))
                assert int(question.slots["limit"].id) in (number - 1, number)
            else:
                right = question.options[question.right] if question.kind == "mcq" else question.answer
                assert right.id == str(number)


def test_structures_are_not_counted_and_crowds_neither():
    assert "number" not in {q.family for q in over_seeds(mark_questions, known(boxed("liver", 0, 0, 9, 9)))}
    crowd = known(*(boxed("red_blood_cell", i, 0, i + 2, 2) for i in range(51)))
    assert "number" not in {q.family for q in over_seeds(mark_questions, crowd)}


def test_the_share_of_the_picture_is_offered_among_far_values():
    for question in of_family(over_seeds(mark_questions, POLYP), "share"):
        ids = [option.id for option in question.options]
        assert ids[question.right] == "6.0%"
        assert set(ids) <= {"6.0%", "1.5%", "3.0%", "12%", "24%"}


def test_small_or_merely_boxed_marks_have_no_share():
    for facts in (CELLS, known(outlined("polyp", 0, 0, 10, 10))):
        assert "share" not in {question.family for question in over_seeds(mark_questions, facts)}


def test_the_side_is_asked_where_it_is_known_and_the_name_does_not_say_it():
    tumour, kidney = boxed("kidney_tumour", 10, 10, 40, 40), boxed("left_kidney", 150, 10, 190, 60)
    facts = known(tumour, orientation="L\\P", anatomy="abdomen")
    for question in of_family(over_seeds(mark_questions, facts), "side"):
        if question.kind == "closed":
            assert question.truth == (question.slots["side"].id == "right")
    named = known(kidney, orientation="L\\P", anatomy="abdomen")
    assert "side" not in {question.family for question in over_seeds(mark_questions, named)}


def test_sizes_are_asked_with_the_extent_of_the_picture():
    facts = known(boxed("polyp", 10, 10, 40, 20), spacing_mm=(0.5, 0.25))
    (question,) = size_questions(facts, SIZE, (0.5, 0.25), ONTOLOGY)
    assert {name: term.en[0] for name, term in question.slots.items() if name != "finding"} == {
        "height": "50 mm", "width": "50 mm",
    }  # fmt: skip
    assert question.answer.en == ("7.5 mm",)
    assert size_questions(known(boxed("polyp", 10, 10, 40, 20)), SIZE, None, ONTOLOGY) == []
    assert (
        size_questions(known(boxed("polyp", 0, 0, 9, 9), boxed("polyp", 20, 0, 29, 9)), SIZE, (1.0, 1.0), ONTOLOGY)
        == []
    )


def test_the_larger_and_the_more_numerous_are_told():
    for question in of_family(over_seeds(comparison_questions, CELLS), "more"):
        if question.kind == "closed":
            assert question.truth == (question.slots["first"].id == "red_blood_cell")
        else:
            assert question.answer.en[0] == "red blood cells"
    pair = known(boxed("spleen", 0, 0, 20, 20), boxed("liver", 50, 0, 150, 90))
    for question in of_family(over_seeds(comparison_questions, pair), "larger"):
        if question.kind == "open":
            assert question.answer.id == "liver"
        else:
            assert question.truth == (question.slots["first"].id == "liver")


def test_what_is_alike_or_measured_otherwise_is_not_compared():
    alike = known(boxed("spleen", 0, 0, 20, 20), boxed("liver", 50, 0, 70, 22))
    mixed = known(outlined("spleen", 0, 0, 20, 20), boxed("liver", 50, 0, 150, 90))
    part = known(boxed("heart", 0, 0, 90, 90), boxed("left_atrium", 10, 10, 20, 20))
    for facts in (alike, mixed, part):
        assert over_seeds(comparison_questions, facts) == []
    assert {question.family for question in over_seeds(comparison_questions, CELLS)} == {"more"}


def test_what_cannot_be_told_is_asked_on_a_share_of_the_images_and_answered_so():
    counts = [len(unknown_questions(POLYP, ONTOLOGY, np.random.default_rng(seed))) for seed in range(400)]
    assert 0.2 < np.mean(counts) < 0.4
    questions = over_seeds(unknown_questions, POLYP)
    assert {question.family for question in questions} == {"unknown_size", "unknown_organ"}
    for question in questions:
        assert question.answer.en[-1] == "cannot be determined"
        assert question.answer.zh[-1] == "无法确定"


def test_a_size_with_a_spacing_and_a_side_with_an_orientation_can_be_told():
    tumour = boxed("kidney_tumour", 10, 10, 40, 40)
    blind = {q.family for q in over_seeds(unknown_questions, known(tumour, anatomy="abdomen"))}
    seen = known(tumour, anatomy="abdomen", spacing_mm=(1.0, 1.0), orientation="L\\P")
    assert blind == {"unknown_size", "unknown_side", "unknown_organ"}
    assert {q.family for q in over_seeds(unknown_questions, seen)} == {"unknown_organ"}


def test_an_organ_that_is_not_shown_lies_in_another_part_of_the_body():
    for question in of_family(over_seeds(unknown_questions, POLYP), "unknown_organ"):
        assert root_of(question.slots["organ"].id, ONTOLOGY.organs) in ("head", "upper_limb", "lower_limb")
    assert over_seeds(unknown_questions, Facts(anatomy="muscle")) == []
    assert over_seeds(unknown_questions, Facts()) == []


def test_the_image_as_a_whole_is_asked_with_siblings_as_wrong_choices():
    facts = Facts(modality="ct", plane="axial", anatomy="liver", department="radiology")
    choices = {choice.task: choice for choice in image_choices(facts, ONTOLOGY)}
    assert choices.keys() == {"modality", "plane", "organ", "department"}
    assert {"xray", "mr"} <= {term.id for term in choices["modality"].others}
    assert "abdominal_ct" not in {term.id for term in choices["modality"].others}
    assert {term.id for term in choices["plane"].others} == {"coronal", "sagittal"}
    assert "knee" in {term.id for term in choices["organ"].others}
    assert not {"spleen", "stomach", "abdomen", "liver"} & {term.id for term in choices["organ"].others}
    seen_inside = image_choices(Facts(modality="colonoscopy", anatomy="colon"), ONTOLOGY)[1]
    assert "stomach" in {term.id for term in seen_inside.others}
    assert image_choices(Facts(modality="xray", plane="lateral"), ONTOLOGY)[0].task == "modality"


@pytest.mark.parametrize("facts", [POLYP, CELLS, known(anatomy="chest", modality="chest_xray", counts={"platelet": 7})])
def test_all_together_is_a_pure_function_of_the_stream(facts):
    first, again, other = (
        questions_about(facts, SIZE, None, ONTOLOGY, np.random.default_rng(seed)) for seed in (1, 1, 2)
    )
    assert first == again
    assert first != other
    if facts.counts:
        assert "number:platelet" in {question.task for question in first}


@pytest.mark.parametrize(
    ("anatomy", "shown", "never"),
    [
        ("chest", (), {"pulmonology", "cardiology", "thoracic_surgery", "intensive_care", "paediatrics"}),
        ("brain", (), {"neurology", "neurosurgery", "oncology", "traditional_chinese_medicine"}),
        ("blood", (), {"laboratory_medicine", "infectious_diseases"}),
        ("chest", ("brain_tumour",), {"neurosurgery"}),
    ],
)
def test_a_department_that_may_see_the_patient_is_no_wrong_choice(anatomy, shown, never):
    findings = tuple(Finding(name=name, present=True) for name in shown)
    known = Facts(anatomy=anatomy, department="radiology", findings=findings)
    choices = {choice.task: choice for choice in image_choices(known, ONTOLOGY)}
    others = {term.id for term in choices["department"].others}
    assert len(others) >= 3
    assert not others & {"radiology", *never}


@pytest.mark.parametrize("number", [1, 3])
def test_of_what_is_not_marked_completely_only_the_marks_are_named(number):
    cells = (boxed("red_blood_cell", 20 * i, 0, 20 * i + 15, 15) for i in range(number))
    one = boxed("platelet", 0, 50, 8, 58)
    facts = known(*cells, one, anatomy="blood", spacing_mm=(0.1, 0.1), incomplete=frozenset({"red_blood_cell"}))
    questions = over_seeds(mark_questions, facts) + over_seeds(comparison_questions, facts)
    questions += size_questions(facts, SIZE, (0.1, 0.1), ONTOLOGY)
    families = {
        q.family for q in questions if "red_blood_cell" in (q.task.partition(":")[2], getattr(q.answer, "id", ""))
    }
    assert families == {"region"}
    assert {question.task for question in questions} > {"number:platelet", "place:platelet", "size:platelet"}
    assert not {"more", "larger"} & {question.family for question in questions}
    assert [finding.count for finding in facts.findings] == [0, 1]


def test_several_outlines_may_be_one_thing_and_instruments_have_no_regions():
    pair = known(outlined("polyp", 0, 0, 20, 20), outlined("polyp", 50, 0, 70, 20), anatomy="colon")
    assert of_family(over_seeds(mark_questions, pair), "box_areas")
    tubes = known(outlined("nasogastric_tube", 0, 0, 20, 20), outlined("nasogastric_tube", 50, 0, 70, 20))
    assert "areas" not in {question.family for question in over_seeds(mark_questions, tubes)}


@pytest.mark.parametrize(
    ("modality", "anatomy", "among", "never"),
    [
        ("chest_xray", "chest", {"head", "knee"}, {"breast", "breast_tissue", "blood", "abdomen", "retina"}),
        ("ultrasound", "breast", {"bladder", "fetus"}, {"heart", "liver", "brain", "chest"}),
        ("histology", "head_neck", {"kidney", "colon"}, {"head", "neck", "thyroid", "brain", "muscle", "lymph_node"}),
        ("histology", "liver", {"kidney", "stomach"}, {"knee", "liver", "abdomen"}),
        ("colonoscopy", "gastrointestinal_tract", {"larynx"}, {"colon", "stomach", "small_bowel"}),
        ("colonoscopy", "colon", {"stomach", "larynx"}, {"gastrointestinal_tract", "adrenal_gland", "pancreas"}),
        ("dermoscopy", "skin", {"retina", "liver"}, {"breast_tissue", "breast_surgery"}),
    ],
)
def test_wrong_organs_are_imaged_alike_and_are_not_on_the_picture(modality, anatomy, among, never):
    choices = image_choices(Facts(modality=modality, anatomy=anatomy), ONTOLOGY)
    others = {term.id for choice in choices if choice.task == "organ" for term in choice.others}
    assert among <= others
    assert not never & others
    assert len(others) >= 3


def test_blood_is_no_part_of_the_body():
    choices = image_choices(Facts(modality="blood_smear", anatomy="blood"), ONTOLOGY)
    assert [choice.task for choice in choices] == ["modality"]


def test_what_a_data_set_leaves_over_is_not_asked_elsewhere():
    drawn = [unknown_questions(Facts(anatomy="head"), ONTOLOGY, np.random.default_rng(seed)) for seed in range(3000)]
    asked = {question.slots["finding"].id for questions in drawn for question in questions}
    assert {"emphysema", "pleural_thickening"} < asked
    assert not {"other_lung_lesion", "pleural_other"} & asked
