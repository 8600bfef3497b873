"""Letters as CMB's and CMExam's scripts read them: what the awkward answers do not show."""

import pytest

from doctorsun.errors import DataError
from doctorsun.eval.protocols import protocols_for


@pytest.fixture
def said(make_prediction):
    """Return a reader: a protocol's name, the answer and the fields of its question to the letters that are read."""

    def read(name, output, **fields):
        row = make_prediction(
            **{"kind": "mcq", "gold": ("A",), "options": ("甲状腺", "乙肝"), "output": output, **fields}
        )
        (protocol,) = protocols_for(row.kind, [name])
        return protocol.judge(row).said

    return read


def test_cmb_takes_the_first_of_a_single_choice_and_all_of_several(said):
    assert said("cmb_official@1", "D和B") == "D"
    assert said("cmb_official@1", "D和B", kind="mcq_multi") == "DB"


def test_cmb_reads_behind_a_declaration_up_to_its_point(said):
    assert said("cmb_official@1", "A错。答案是B。C也错", kind="mcq_multi") == "B"


def test_cmexam_reads_the_first_word_of_an_option(said):
    assert said("cmexam_official@1", "应为甲状腺", options=("甲状腺 肿大", "乙肝")) == "A"


def test_cmexam_reads_an_option_without_a_text_by_its_letter(said):
    assert said("cmexam_official@1", "B", options=("甲状腺", "")) == "B"
    assert said("cmexam_official@1", "都不对", options=("甲状腺", "")) == "无答案"


def test_cmexam_needs_options(said):
    with pytest.raises(DataError, match="multiple-choice prediction 1 has no options: expected the texts of its"):
        said("cmexam_official@1", "A", options=())
