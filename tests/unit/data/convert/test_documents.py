"""Documents speak both languages and say what the case's facts say."""

import numpy as np
import pytest

from doctorsun.data.convert.documents import documents_of
from doctorsun.data.convert.facts import Facts, Finding
from doctorsun.data.ontology.ontology import load_ontology

FACTS = Facts(
    modality="chest_xray", anatomy="chest",
    findings=(Finding(name="effusion", present=True, side="left", count=1), Finding(name="nodule", present=False)),
)  # fmt: skip


@pytest.fixture(scope="module")
def documents():
    rng = np.random.default_rng(2)
    return [document for _ in range(40) for document in documents_of(FACTS, rng, load_ontology())]


def test_every_kind_stands_in_both_languages(documents):
    kinds = {"report", "caption", "dialogue", "appearance", "synonyms", "modality", "convention"}
    for language in ("en", "zh"):
        assert {document.kind for document in documents if document.language == language} == kinds


def test_no_slot_is_left_open(documents):
    assert not [document.text for document in documents if "{" in document.text or "None" in document.text]


def test_dialogues_answer_as_the_facts_say(documents):
    for document in documents:
        if document.kind == "dialogue" and document.language == "en":
            lines = document.text.splitlines()
            question = next(i for i, line in enumerate(lines) if "pleural effusion" in line and "?" in line)
            assert lines[question + 1].endswith("Pleural effusion (+). Yes.")


def test_definitions_are_those_of_the_findings(documents):
    texts = " ".join(document.text for document in documents if document.kind == "appearance")
    assert "costophrenic" in texts
    assert "30 mm" in texts
    assert "cardiothoracic" not in texts
