"""Ties by words: texts that are nearly the same, or begin with one question, never lie on two sides."""

from dataclasses import replace

import pytest

from curation_samples import Looked, film, sample, sketches_of
from doctorsun.config.curation import Curation
from doctorsun.data.curate.global_steps import Decision, decide_rows
from doctorsun.data.curate.text_ties import MOST_ASKED
from doctorsun.schema import Answer, Image, Message, Sample, text_part

REPORT = (
    "A man of {age} years has had pain in his right knee since he fell from a ladder in the garden. "
    "He takes ibuprofen twice a day, and asks whether he may go on running until he sees the surgeon."
)


def decided(*samples: Sample, settings: Curation | None = None) -> Decision:
    return decide_rows(sketches_of(samples), settings or Curation(), Looked(samples))


def talk(id_: str, question: str, reply: str, *images: Image) -> Sample:
    said = sample(id_, *images, words=question)
    return replace(said, messages=(*said.messages, Message(role="assistant", content=(text_part(reply),))))


def test_texts_that_differ_in_a_number_stay_in_one_group():
    found = decided(*[sample(str(age), words=REPORT.format(age=age)) for age in range(30, 60)])
    assert (found.rejected, found.num_groups, found.largest_group) == ({}, 1, 30)


def test_texts_are_tied_over_a_third_that_is_like_both():
    words = REPORT.format(age=40) + " He is not a smoker, and his father had the same trouble at his age, he tells."
    near = [words, words[: len(words) * 86 // 100] + "7", words[: len(words) * 74 // 100] + "9"]
    ends = decided(sample("a", words=near[0]), sample("c", words=near[2]))
    assert ends.num_groups == 2
    assert decided(*[sample(str(n), words=text) for n, text in enumerate(near)]).num_groups == 1


def test_one_question_with_two_answers_is_one_group():
    talks = [talk(reply, "Is it  the gall bladder?", reply) for reply in ("Yes, most likely.", "I rather doubt that.")]
    other = talk("c", "Is it the kidney?", "It may be.")
    found = decided(*talks, other)
    assert (found.rejected, found.num_groups) == ({}, 2)


def test_one_stem_with_other_options_is_another_question():
    options = [("cyst", "stone"), ("lung", "liver")]
    stems = [
        sample(choices[0], words="Which?", answer=Answer(kind="mcq", options=choices, gold=("A",)))
        for choices in options
    ]
    assert decided(*stems).num_groups == 2


@pytest.mark.parametrize(("times", "groups"), [(MOST_ASKED, 1), (MOST_ASKED + 1, MOST_ASKED + 1)])
def test_what_begins_many_talks_ties_none(times: int, groups: int):
    talks = [talk(str(number), "Hello.", f"{3 ** (number + 30)}") for number in range(times)]
    assert decided(*talks).num_groups == groups


def test_questions_about_images_tie_nothing():
    about = [talk(str(seed), "Is there an effusion?", f"{seed}" * 9, film(seed)) for seed in range(3)]
    assert decided(*about).num_groups == 3


def test_without_words_nothing_is_tied():
    assert decided(talk("a", "", "The heart is large."), talk("b", "", "A fracture is seen.")).num_groups == 2


def test_without_the_step_nothing_is_tied():
    off = Curation(near_texts=None)
    assert decided(*[sample(str(age), words=REPORT.format(age=age)) for age in (30, 40)], settings=off).num_groups == 2
