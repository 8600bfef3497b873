"""Long texts are cut at headings, paragraphs and sentences, never inside a sentence, and nothing gets lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doctorsun.text.passages import MAX_CHARACTERS, Block, passages, sentences


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One thing. Another one! A third?", ["One thing.", "Another one!", "A third?"]),
        ("肺部感染。需要复查；见“左肺。”然后结束", ["肺部感染。", "需要复查；", "见“左肺。”", "然后结束"]),
        ("Dr. Smith saw Fig. 3, i.e. The femur. It broke.", ["Dr. Smith saw Fig. 3, i.e. The femur.", "It broke."]),
        ("It is 3.5 mm wide. E. coli grew.", ["It is 3.5 mm wide.", "E. coli grew."]),
        ('He said "stop." Then he left.', ['He said "stop."', "Then he left."]),
        ("lower case. goes on", ["lower case. goes on"]),
        ("", []),
    ],
)
def test_sentences(text, expected):
    assert sentences(text) == expected


def test_a_heading_opens_the_first_passage_below_it():
    blocks = [Block("Before."), Block("Femur", 3), Block("The bone."), Block("Its head."), Block("Empty", 3)]

    assert list(passages(blocks)) == ["Before.", "Femur\n\nThe bone.\n\nIts head."]


def test_paragraphs_are_packed_up_to_the_limit():
    blocks = [Block("Head", 1), Block("a" * 8), Block("b" * 8), Block("c" * 8)]

    assert list(passages(blocks, 18)) == ["Head\n\n" + "a" * 8, "b" * 8 + "\n\n" + "c" * 8]


def test_a_long_paragraph_is_cut_between_sentences():
    assert list(passages([Block("One is here. Two is here. Three.")], 25)) == ["One is here. Two is here.", "Three."]
    assert list(passages([Block("肺部有结节。建议复查。好。")], 9)) == ["肺部有结节。", "建议复查。好。"]


def test_items_of_a_long_list_stay_on_their_lines():
    assert list(passages([Block("- One.\n- Two.\n- Three.")], 14)) == ["- One.\n- Two.", "- Three."]


def test_a_sentence_beyond_the_limit_stays_whole():
    long = "x" * 30 + "."

    assert list(passages([Block("Head", 1), Block(f"Short. {long.capitalize()} End.")], 20)) == [
        "Head\n\nShort.",
        long.capitalize(),
        "End.",
    ]


@given(st.lists(st.tuples(st.text("ab 。.A\n", min_size=1, max_size=200), st.sampled_from([0, 0, 1]))))
def test_no_character_of_a_paragraph_is_lost(drawn):
    blocks = [Block(text, level) for text, level in drawn if text.strip()]
    found = "".join("".join(passages([each], 30)) for each in blocks)

    assert "".join(found.split()) == "".join("".join(each.text.split()) for each in blocks if not each.level)
    assert all(len(each) <= MAX_CHARACTERS for each in passages(blocks))
