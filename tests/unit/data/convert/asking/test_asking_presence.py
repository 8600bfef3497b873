"""Presence is asked as often with yes as with no, and only where the annotation answers it."""

import numpy as np
import pytest

from doctorsun.data.convert.asking.negatives import hardest_first, siblings_beyond_doubt
from doctorsun.data.convert.asking.presence import presence_questions, which_questions
from doctorsun.data.convert.facts import Facts, Finding
from doctorsun.data.convert.measures import Measure
from doctorsun.data.ontology.ontology import load_ontology
from doctorsun.data.ontology.siblings import root_of

ONTOLOGY = load_ontology()


def facts(present=(), absent=(), **more):
    known = [Finding(name=name, present=True) for name in present] + [
        Finding(name=name, present=False) for name in absent
    ]
    return Facts(findings=tuple(known), **more)


def presence(known, seed=0):
    return presence_questions(known, ONTOLOGY, np.random.default_rng(seed))


def asked(questions):
    return {question.task.partition(":")[2]: question.truth for question in questions if question.task != "normal"}


@pytest.mark.parametrize("seed", range(5))
def test_as_many_absent_as_present_findings_are_asked(seed):
    questions = presence(facts(("effusion", "mass", "fibrosis"), ("nodule", "pneumothorax", "hernia")), seed)
    truths = list(asked(questions).values())
    assert (truths.count(True), truths.count(False)) == (2, 2)


def test_the_absent_ones_are_the_hardest_to_tell_from_the_present_ones():
    known = facts(("effusion", "nodule"), ("hernia", "lung_cyst", "pneumothorax", "fibrosis"))
    assert {name for name, truth in asked(presence(known)).items() if not truth} == {"lung_cyst", "pneumothorax"}


def test_without_a_known_absence_presence_is_not_asked():
    assert presence(facts(("polyp",))) == []


def test_an_image_without_findings_is_asked_for_one():
    assert list(asked(presence(facts(absent=("nodule", "mass", "effusion")))).values()) == [False]


def test_fewer_absences_than_findings_limit_what_is_asked():
    truths = list(asked(presence(facts(("effusion", "mass"), ("nodule",)))).values())
    assert sorted(truths) == [False, True]


@pytest.mark.parametrize(
    ("names", "truth"), [((("no_finding",), ("mass",)), True), ((("mass",), ("no_finding",)), False)]
)
def test_a_label_that_says_that_all_is_well_is_asked_as_normal(names, truth):
    questions = presence(facts(*names))
    assert [question.truth for question in questions if question.family == "normal"] == [truth]
    assert "no_finding" not in asked(questions)


def test_structures_are_in_view_and_findings_are_there():
    questions = presence(facts(("liver", "mass"), ("spleen", "nodule")))
    assert {question.task: question.family for question in questions} == {
        "presence:liver": "structure", "presence:spleen": "structure", "presence:mass": "presence",
        "presence:nodule": "presence",
    }  # fmt: skip


def which(known, seed=0):
    return which_questions(known, ONTOLOGY, np.random.default_rng(seed))


@pytest.mark.parametrize("seed", range(5))
def test_a_grade_is_asked_open_and_among_the_nearest_grades(seed):
    grades = ("no_dr", "mild_npdr", "severe_npdr", "proliferative_dr")
    known = facts(("moderate_npdr",), grades, classes={"diabetic_retinopathy_grade": "moderate_npdr"})
    opened, choice = which(known, seed)
    assert (opened.kind, opened.task, opened.answer.id) == ("open", "grade:diabetic_retinopathy_grade", "moderate_npdr")
    ids = [option.id for option in choice.options]
    assert ids[choice.right] == "moderate_npdr"
    assert {"mild_npdr", "severe_npdr"} < set(ids)
    assert len(ids) == 4


def test_all_classes_of_a_set_serve_as_wrong_choices():
    known = facts(("nevus",), ("melanoma",), classes={"skin_diagnosis": "nevus"})
    seen = set()
    for seed in range(12):
        _, choice = which(known, seed)
        assert (choice.family, choice.options[choice.right].id, len(choice.options)) == ("class", "nevus", 4)
        seen |= {option.id for option in choice.options}
    assert seen <= {"nevus", *(term.id for term in ONTOLOGY.rivals("nevus"))}
    assert len(seen) > 6


def test_one_of_several_findings_is_right_among_absent_ones():
    for seed in range(8):
        (choice,) = which(facts(("effusion", "mass"), ("nodule", "pneumothorax", "hernia")), seed)
        ids = [option.id for option in choice.options]
        assert ids[choice.right] in ("effusion", "mass")
        assert len({"effusion", "mass"} & set(ids)) == 1
        assert "none" in ids


def test_none_is_right_on_an_image_without_findings():
    (choice,) = which(facts(absent=("nodule", "mass")))
    assert choice.options[choice.right].id == "none"


def test_nothing_absent_leaves_no_choice():
    assert which(facts(("polyp",))) == []


def test_grades_go_by_distance_and_others_by_parent_then_organ():
    grades = hardest_first("mild_npdr", ["proliferative_dr", "severe_npdr", "moderate_npdr"], ONTOLOGY)
    assert [term.id for term in grades] == ["moderate_npdr", "severe_npdr", "proliferative_dr"]
    mixed = hardest_first("nodule", ["polyp", "effusion", "emphysema", "mass"], ONTOLOGY)
    assert [term.id for term in mixed] == ["mass", "emphysema", "effusion", "polyp"]


def test_siblings_beyond_doubt_are_neither_parts_nor_kinds_nor_namesakes():
    for name in ("left_kidney", "polyp", "heart", "nodule", "melanoma"):
        others = {term.id for term in siblings_beyond_doubt(name, ONTOLOGY)}
        assert len(others) > 3
        for other in others:
            lines = [{term.id for term in ONTOLOGY.lineage(each)} for each in (name, other)]
            assert name not in lines[1]
            assert other not in lines[0]
    assert {term.id for term in siblings_beyond_doubt("left_kidney", ONTOLOGY)} & {"kidney", "right_kidney"} == {
        "right_kidney"
    }
    assert not {"adenoma", "no_finding", "lesion", "endoscopic_polyp"} & {
        term.id for term in siblings_beyond_doubt("polyp", ONTOLOGY)
    }


@pytest.mark.parametrize(("name", "other"), [("prostate", "prostate_or_uterus"), ("brain", "anterior_hippocampus")])
def test_a_namesake_and_a_part_elsewhere_in_the_tree_are_left_out(name, other):
    assert other not in {term.id for term in siblings_beyond_doubt(name, ONTOLOGY)}


@pytest.mark.parametrize(("language", "words"), [("zh", "均未见"), ("en", "none of these")])
def test_that_nothing_is_seen_may_stand_above_the_other_choices(language, words):
    asked_for = [
        which_questions(facts(absent=("nodule", "mass")), ONTOLOGY, np.random.default_rng(n)) for n in range(9)
    ]
    options = [[option.name(language) for option in each[0].options] for each in asked_for]
    assert {each.index(words) for each in options} == {0, 1, 2}


def test_of_what_no_such_picture_shows_nothing_is_a_wrong_choice():
    cells = {term.id for term in siblings_beyond_doubt("white_blood_cell", ONTOLOGY)}
    assert cells == {"red_blood_cell", "platelet"}
    lungs = siblings_beyond_doubt("left_lung", ONTOLOGY)
    assert {root_of(term.organ, ONTOLOGY.organs) for term in lungs} == {"chest"}
    tumour = siblings_beyond_doubt("brain_tumour", ONTOLOGY)
    assert {term.department for term in tumour} <= {"neurology", "neurosurgery"}


def test_what_a_data_set_leaves_over_is_no_wrong_choice():
    others = {term.id for term in siblings_beyond_doubt("emphysema", ONTOLOGY)}
    assert "fibrosis" in others
    assert "other_lung_lesion" not in others


def test_one_absent_finding_is_a_question_of_presence_and_no_choice():
    assert which(facts(absent=("nodule",))) == []
    assert which(facts(("mass",), ("nodule",))) == []


def slice_of(name):
    measure = Measure(name=name, boxes=(0,), outlined=True, counted=False, area_share=0.1, slices=(3, 9))
    return facts((name,), measures=(measure,))


def test_a_finding_on_a_slice_is_asked_for_as_it_is_absent_on_others():
    assert asked(presence(slice_of("brain_tumour"))) == {"brain_tumour": True}
    assert presence(slice_of("liver")) == []


def test_a_line_is_told_from_other_devices_and_not_from_devices_as_such():
    others = {term.id for term in siblings_beyond_doubt("central_venous_line", ONTOLOGY)}
    assert {"endotracheal_tube", "nasogastric_tube", "chest_tube", "pacemaker"} <= others
    assert not {"support_device", "catheter", "liver"} & others
