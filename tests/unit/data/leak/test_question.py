"""What a sample asks, and its digests."""

import pytest

from doctorsun.data.leak.question import form_digests, form_digests_of_lines, question_of, stem_of, text_digest
from small_model import assistant, sample, user


def test_the_question_is_the_last_one_before_the_last_reply() -> None:
    turns = (user("first?"), assistant("Yes."), user("second? "), assistant("No."))

    assert question_of(sample("1", *turns)) == "second?"
    assert question_of(sample("1", turns[0])) == "first?"
    assert question_of(sample("1", turns[1])) == ""


def test_the_same_words_have_one_digest_whatever_their_case_and_space() -> None:
    assert text_digest("Is there  a nodule?") == text_digest("is there a Nodule?")
    assert text_digest("Is there a nodule?") != text_digest("Is there nodule?")


@pytest.mark.parametrize(
    "training",
    [
        "Is there a nodule?",
        "Is there nodule",
        "Question: Is there a nodule?",
        "问题：Is there a nodule?",
        "Is there a nodule?\nAnswer with yes or no.",
        "Look at the image.\nIs there a nodule?",
        "Is there a nodule?\nA. yes\nB. no",
    ],
)
def test_a_question_is_known_again_in_other_dress(training: str) -> None:
    forms = {*form_digests(training), *form_digests_of_lines(training)}

    assert set(form_digests("Is there a nodule?")) & forms


@pytest.mark.parametrize(
    "training", ["Is there a cyst?", "Is there a nodule in the left lung?", "A. Is there a nodule?"]
)
def test_another_question_is_not(training: str) -> None:
    words = f"What is it?\n{training}"

    assert not set(form_digests("Is there a nodule?")) & {*form_digests(words), *form_digests_of_lines(words)}


def test_options_that_many_questions_share_do_not_make_them_one() -> None:
    one, other = (f"{stem}\nA. all of the above\nB. none of the above" for stem in ("What is it?", "Where is it?"))

    assert not set(form_digests(one)) & {*form_digests(other), *form_digests_of_lines(other)}
    assert stem_of(one).strip() == "What is it?"
    assert stem_of("A. only options") == "A. only options"
