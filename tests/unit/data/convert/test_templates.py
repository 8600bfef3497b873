"""Every question can be worded in both languages; a closed reply states its evidence, then the verdict."""

from dataclasses import replace

import numpy as np
import pytest

from doctorsun.data.convert.questions import NONE, Evidence, Question, number_term
from doctorsun.data.convert.templates import (
    Templates,
    checklist_entry,
    load_templates,
    parse_templates,
    plain_wording,
    word_question,
)
from doctorsun.data.ontology.ontology import load_ontology
from doctorsun.data.ontology.terms import LANGUAGES
from doctorsun.errors import DataError

ONTOLOGY = load_ontology()
NODULE = ONTOLOGY.finding("nodule").term
PRESENT = Question(
    kind="closed", task="presence:nodule", family="presence", slots={"finding": NODULE}, truth=True,
    evidence=Evidence(name=NODULE, present=True),
)  # fmt: skip
WORDS = "words: {'yes': 'Yes.', 'no': 'No.', end: '.'}\n"


def rng():
    return np.random.default_rng(3)


def test_languages_have_the_same_families_with_as_many_paraphrases_as_needed():
    english, chinese = load_templates("en"), load_templates("zh")
    assert {kind: set(table) for kind, table in english.families.items()} == {
        kind: set(table) for kind, table in chinese.families.items()
    }
    assert set(english.words) == set(chinese.words)
    for templates in (english, chinese):
        assert all(len(set(rows)) >= 3 for table in templates.families.values() for rows in table.values())


@pytest.mark.parametrize(
    ("language", "negated", "reply", "gold"),
    [
        ("en", False, "Pulmonary nodule (+). Yes.", "yes"),
        ("zh", False, "肺结节（+）。是。", "是"),
        ("en", True, "Pulmonary nodule (+). No.", "no"),
        ("zh", True, "肺结节（+）。否。", "否"),
    ],
)
def test_closed_replies_state_the_finding_then_the_verdict_and_gold_is_the_verdict(language, negated, reply, gold):
    wording = word_question(PRESENT, load_templates(language), rng(), negated=negated)
    assert (wording.reply, wording.answer.kind, wording.answer.gold) == (reply, "closed", (gold,))
    assert NODULE.name(language) in wording.text


@pytest.mark.parametrize(
    ("evidence", "english", "chinese"),
    [
        (Evidence(name=NODULE, present=False), "Pulmonary nodule (-). No.", "肺结节（-）。否。"),
        (
            Evidence(name=NODULE, present=True, detail=ONTOLOGY.zones["upper"]),
            "Pulmonary nodule (+) upper zone. No.",
            "肺结节（+）上野。否。",
        ),
        (
            Evidence(name=NODULE, present=True, detail=number_term(2)),
            "Pulmonary nodule (+) 2. No.",
            "肺结节（+）2。否。",
        ),
        (Evidence(name=ONTOLOGY.organs["brain"], present=False), "Brain (-). No.", "脑（-）。否。"),
        (None, "No.", "否。"),
    ],
)
def test_evidence_is_a_finding_or_a_value_with_its_sign_and_detail(evidence, english, chinese):
    question = replace(PRESENT, truth=False, evidence=evidence)
    replies = [word_question(question, load_templates(language), rng()).reply for language in LANGUAGES]
    assert replies == [english, chinese]


@pytest.mark.parametrize(
    ("language", "present", "entry"),
    [("en", True, "nodule (+) right 2"), ("en", False, "nodule (-) right 2"), ("zh", True, "nodule（+）right2")],
)
def test_an_entry_of_a_checklist_is_name_sign_and_details(language, present, entry):
    assert checklist_entry("nodule", ["right", "2"], load_templates(language), present=present) == entry


def test_open_answers_accept_every_synonym():
    question = Question(
        kind="open", task="side:nodule", family="side", slots={"finding": NODULE}, answer=ONTOLOGY.sides["left"]
    )
    english, chinese = (word_question(question, load_templates(language), rng()) for language in LANGUAGES)
    assert (english.reply, english.answer.gold) == ("Left.", ("left", "left side", "left-sided"))
    assert (chinese.reply, chinese.answer.gold) == ("左侧。", ("左侧", "左", "左边"))


def test_choices_are_lettered_in_order_and_the_answer_names_letter_and_text():
    question = Question(
        kind="mcq", task="finding", family="finding", options=(NONE, ONTOLOGY.finding("effusion").term, NODULE), right=2
    )
    wording = word_question(question, load_templates("zh"), rng())
    assert wording.text.endswith("\nA. 以上均无\nB. 胸腔积液\nC. 肺结节")
    assert (wording.reply, wording.answer.gold) == ("C. 肺结节", ("C",))
    assert wording.answer.options == ("以上均无", "胸腔积液", "肺结节")


def test_a_paraphrase_differs_from_the_template_before():
    templates = load_templates("en")
    first = word_question(PRESENT, templates, rng())
    for seed in range(20):
        again = word_question(PRESENT, templates, np.random.default_rng(seed), other_than=first.template)
        assert again.template != first.template
        assert again.text != first.text


def test_a_task_with_its_own_templates_uses_them():
    term = ONTOLOGY.finding("cardiomegaly").term
    question = Question(kind="closed", task="presence:cardiomegaly", family="presence", slots={"finding": term})
    texts = {word_question(question, load_templates("en"), np.random.default_rng(seed)).text for seed in range(30)}
    assert "Is the heart enlarged?" in texts
    assert len(texts) == 3


def test_prose_answers_a_request():
    wording = plain_wording("caption", "A chest radiograph.", load_templates("en"), rng())
    assert (wording.reply, wording.answer.kind, wording.answer.gold) == (
        "A chest radiograph.", "report", ("A chest radiograph.",),
    )  # fmt: skip


def test_a_family_without_templates_is_named():
    empty = Templates(language="en", families={}, words={})
    with pytest.raises(DataError, match=r"templates \(en\): got none for closed presence:nodule"):
        word_question(PRESENT, empty, rng())


def test_too_few_different_paraphrases_are_refused():
    with pytest.raises(DataError, match=r"templates \(en\): closed.presence: got 2 paraphrases, expected at least 3"):
        parse_templates("closed: {presence: ['A?', 'B?', 'A?']}\n" + WORDS, "en")


def test_broken_template_file_is_refused():
    with pytest.raises(DataError, match=r"templates \(zh\): got while"):
        parse_templates("closed: {", "zh")
