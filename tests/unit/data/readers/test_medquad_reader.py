"""MedQuAD's pages in every spelling, and the published numbers of the real ones."""

import json
import os
from collections import Counter
from pathlib import Path

import pytest

from doctorsun.config.collection import ImportSource
from doctorsun.data.readers.item import Dropped
from doctorsun.data.readers.medquad import open_medquad
from doctorsun.errors import DataError

PAGE = """<?xml version="1.0" encoding="UTF-8"?>
<Document id="0000001_1" source="CancerGov" url="https://www.cancer.gov/x">
<Focus>Leukemia</Focus>
<FocusAnnotations><UMLS><CUIs><CUI>C0751606</CUI><CUI>C1</CUI></CUIs>
<SemanticTypes><SemanticType>T191</SemanticType></SemanticTypes><SemanticGroup>Disorders</SemanticGroup></UMLS>
</FocusAnnotations>
<QAPairs><QAPair pid="1"><Question qid="0000001_1-1" qtype="exams and tests">What is (are) Leukemia ?</Question>
<Answer>Key Points
                    - One thing.    - Another   thing.


                    A patient&apos;s text.</Answer></QAPair>
<QAPair pid="2"><Question qid="0000001_1-2" qtype="causes">Why ? ?</Question><Answer> </Answer></QAPair></QAPairs>
</Document>"""


@pytest.fixture
def read(tmp_path):
    def items(text, name="1_CancerGov_QA/a.xml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
        reader = open_medquad(ImportSource(format="medquad", path=str(tmp_path)))
        return [reader.make(pending) for pending in reader.pending()]

    return items


def test_a_question_with_its_page_and_focus(read):
    (sample,), dropped = read(PAGE)

    assert sample.messages[0].text == "What is (are) Leukemia?"
    assert sample.messages[1].text == "Key Points\n\n- One thing.\n- Another thing.\n\nA patient's text."
    assert (sample.task, sample.language) == ("question:exams_and_tests", "en")
    assert sample.groups.article == "https://www.cancer.gov/x"
    assert json.loads(sample.facts) == {
        "focus": "Leukemia",
        "cui": ["C0751606", "C1"],
        "semantic_types": ["T191"],
        "semantic_groups": ["Disorders"],
    }
    assert (sample.source.original_id, sample.source.licence) == ("1_CancerGov_QA/a.xml#1", "CC-BY-4.0")
    assert dropped == Dropped("1_CancerGov_QA/a.xml#2", "no_answer", "https://www.cancer.gov/x")


def test_the_other_spelling_of_the_elements(read):
    ((sample,),) = read(
        '<doc docid="7" corpus="NINDS"><doctitle-focus>Gout</doctitle-focus><umls><cui></cui></umls><qaPairs>'
        '<pair pid="1"><question qtype="information">what is gout?</question><answer>Gout is.</answer></pair>'
        "</qaPairs></doc>"
    )

    assert [message.text for message in sample.messages] == ["what is gout?", "Gout is."]
    assert json.loads(sample.facts) == {"focus": "Gout"}
    assert sample.groups.article == "1_CancerGov_QA/a.xml"


def test_a_page_without_questions_is_told(read):
    page = '<Document url="u"><QAPairs></QAPairs></Document>'

    assert read(page) == [Dropped("1_CancerGov_QA/a.xml", "no_question", "u")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (PAGE[:-30], r"a.xml: got .*, expected an XML page of MedQuAD"),
        ("<!DOCTYPE d [<!ENTITY e 'x'>]><Document>&e;</Document>", r"a.xml: got EntitiesForbidden"),
        ("<html/>", r"a.xml: got an element <html>, expected a page of MedQuAD: <Document>"),
    ],
)
def test_wrong_pages_are_named(read, text, message):
    with pytest.raises(DataError, match=message):
        read(text)


@pytest.mark.skipif("DOCTORSUN_TEST_DATA" not in os.environ, reason="DOCTORSUN_TEST_DATA names no folder of real data")
def test_the_real_pages_have_their_published_numbers():
    root = Path(os.environ["DOCTORSUN_TEST_DATA"]) / "medquad"
    reader = open_medquad(ImportSource(format="medquad", path=str(root)))
    items = [reader.make(pending) for pending in reader.pending()]
    samples = [item[0] for item in items if not isinstance(item, Dropped)]

    assert len(reader.files) == 1678
    assert len(samples) == 4819 + 16  # those of the four pages spelt <doc> are not in the published count
    assert Counter(item.reason for item in items if isinstance(item, Dropped)) == {"no_question": 6}
    assert {sample.language for sample in samples} == {"en"}
    assert len({sample.id for sample in samples}) == len(samples)
