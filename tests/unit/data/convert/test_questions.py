"""Which questions are asked, and that neither answer is favoured."""

from collections import Counter

import numpy as np

from doctorsun.data.convert.facts import Facts, Finding
from doctorsun.data.convert.questions import Evidence, number_term, questions_of
from doctorsun.data.ontology.ontology import load_ontology

ONTOLOGY = load_ontology()
CHEST = Facts(
    modality="chest_xray", plane="frontal", anatomy="chest",
    findings=(
        Finding(name="nodule", present=True, side="left", zone="lower", count=1, boxes=(0,)),
        Finding(name="effusion", present=False),
    ),
)  # fmt: skip


def many(facts, number=400):
    rng = np.random.default_rng(5)
    return [question for _ in range(number) for question in questions_of(facts, ONTOLOGY, rng)]


def closed(questions, task):
    return [question for question in questions if question.kind == "closed" and question.task == task]


def test_presence_is_asked_for_every_known_finding_and_for_no_other():
    asked = Counter((q.task, q.truth) for q in many(CHEST) if q.task.startswith("presence:"))
    assert asked == {("presence:nodule", True): 400, ("presence:effusion", False): 400}


def test_side_and_zone_are_asked_of_present_findings_only_and_half_are_true():
    questions = many(CHEST)
    for task in ("side:nodule", "zone:nodule"):
        truths = [question.truth for question in closed(questions, task)]
        assert len(truths) == 400
        assert 0.42 < np.mean(truths) < 0.58
    assert not closed(questions, "side:effusion")


def test_a_closed_question_is_true_exactly_when_it_names_the_value():
    for question in closed(many(CHEST), "side:nodule"):
        assert question.truth == (question.slots["side"].id == "left")


def test_modality_organ_and_plane_are_asked_on_a_share_of_the_images():
    counts = Counter(question.task for question in many(CHEST) if question.kind == "closed")
    assert 0.25 < counts["modality"] / 400 < 0.45
    assert 0.08 < counts["organ"] / 400 < 0.22
    assert counts["plane"] == 0


def test_plane_is_asked_where_the_modality_has_several():
    facts = Facts(modality="brain_mr", plane="coronal", findings=(Finding(name="brain_lesion", present=False),))
    assert {q.slots["plane"].id for q in closed(many(facts), "plane")} == {"axial", "coronal"}


def test_size_and_count_are_asked_against_their_limits():
    lesion = Finding(name="liver_lesion", present=True, size_class="large", count=1)
    blots = Finding(name="haemorrhage", present=True, count=3)
    questions = many(Facts(findings=(lesion, blots)), 1)
    assert [question.truth for question in closed(questions, "size:liver_lesion")] == [True]
    assert [question.truth for question in closed(questions, "count:haemorrhage")] == [False]
    assert closed(questions, "count:haemorrhage")[0].slots["limit"].en[0] == "3"
    terms = [ONTOLOGY.finding(name).term for name in ("liver_lesion", "haemorrhage")]
    assert [closed(questions, task)[0].evidence for task in ("size:liver_lesion", "count:haemorrhage")] == [
        Evidence(name=terms[0], present=True, detail=ONTOLOGY.sizes["large"]),
        Evidence(name=terms[1], present=True, detail=number_term(3)),
    ]


def test_a_number_that_is_not_known_is_not_asked():
    unmarked = Finding(name="haemorrhage", present=True)
    assert not [question for question in many(Facts(findings=(unmarked,)), 5) if question.task == "count:haemorrhage"]


def test_the_evidence_about_a_finding_is_what_is_true_whatever_is_asked():
    nodule, effusion = (ONTOLOGY.finding(name).term for name in ("nodule", "effusion"))
    shown = {
        "presence:nodule": Evidence(name=nodule, present=True),
        "presence:effusion": Evidence(name=effusion, present=False),
        "side:nodule": Evidence(name=nodule, present=True, detail=ONTOLOGY.sides["left"]),
        "zone:nodule": Evidence(name=nodule, present=True, detail=ONTOLOGY.zones["lower"]),
    }
    questions = [question for question in many(CHEST) if question.kind == "closed"]
    about_findings = [question for question in questions if "finding" in question.slots]
    assert {question.task for question in about_findings} == set(shown)
    assert all(question.evidence == shown[question.task] for question in about_findings)


def test_the_evidence_about_the_image_is_the_value_that_is_asked_for_with_its_sign():
    asked = [question for question in many(CHEST) if question.kind == "closed" and "finding" not in question.slots]
    assert {(question.task, question.truth) for question in asked} == {
        ("modality", True), ("modality", False), ("organ", True), ("organ", False),
    }  # fmt: skip
    for question in asked:
        assert question.evidence == Evidence(name=question.slots[question.task], present=question.truth)


def test_choices_hold_the_right_one_once_and_its_place_is_balanced():
    places = Counter()
    for question in many(CHEST):
        if question.kind == "mcq":
            ids = [option.id for option in question.options]
            assert len(ids) == len(set(ids)) <= 4
            if question.task == "zone:nodule":
                assert ids[question.right] == "lower"
                places[question.right] += 1
    assert min(places.values()) > 0.25 * sum(places.values())


def test_findings_offered_as_wrong_are_known_to_be_absent():
    for question in many(CHEST):
        if question.task == "finding":
            assert {option.id for option in question.options} == {"nodule", "effusion", "none"}
            assert question.options[question.right].id == "nodule"


def test_none_is_right_where_nothing_is_present():
    facts = Facts(findings=(Finding(name="nodule", present=False), Finding(name="effusion", present=False)))
    found = [question for question in many(facts, 5) if question.task == "finding"]
    assert {question.options[question.right].id for question in found} == {"none"}


def test_which_eye_comes_from_the_laterality():
    facts = Facts(
        modality="fundus", attributes={"laterality": "left"}, findings=(Finding(name="cupping", present=True),)
    )
    for question in closed(many(facts, 20), "side:eye"):
        assert question.truth == (question.slots["eye"].id == "left")


def test_a_finding_marked_twice_gets_no_box_question():
    twice = Finding(name="nodule", present=True, count=2, boxes=(0, 1))
    assert not [question for question in many(Facts(findings=(twice,)), 3) if question.kind == "box"]
    assert [question.boxes for question in many(CHEST, 1) if question.kind == "box"] == [(0,)]


def test_nothing_known_gives_no_question():
    assert many(Facts(), 3) == []


def test_numbers_are_digits_with_words_up_to_ten():
    assert number_term(3).en == ("3", "three")
    assert number_term(3).zh == ("3", "三", "三个")
    assert number_term(23).zh == ("23",)
