"""The prior control: the training majority."""

from doctorsun.eval.prior import training_prior
from doctorsun.schema import Answer


def closed(make_sample, number, question, gold, task="presence:nodule"):
    return make_sample(number, question=question, task=task, answer=Answer(kind="closed", gold=(gold,)))


def test_the_majority_of_the_same_question_comes_first(make_sample, make_prediction):
    samples = [
        closed(make_sample, 1, "Is there a nodule?", "yes"),
        closed(make_sample, 2, "is there a nodule", "Yes"),
        closed(make_sample, 3, "Is there a nodule?", "no"),
        closed(make_sample, 4, "Is a nodule seen?", "no"),
        closed(make_sample, 5, "Is a nodule seen?", "no"),
    ]
    prior = training_prior(samples)

    assert prior.answer(make_prediction(question="Is there a nodule?", question_type="presence:nodule")) == "yes"
    assert prior.answer(make_prediction(question="Any nodule?", question_type="presence:nodule")) == "no"


def test_then_its_type_then_its_kind(make_sample, make_prediction):
    samples = [
        closed(make_sample, 1, "a?", "yes", task="presence:cyst"),
        *[closed(make_sample, number, "b?", "no", task="presence:mass") for number in (2, 3)],
    ]
    prior = training_prior(samples)

    assert prior.answer(make_prediction(question="c?", question_type="presence:cyst")) == "yes"
    assert prior.answer(make_prediction(question="c?", question_type="side:cyst")) == "no"


def test_languages_and_kinds_are_apart(make_sample, make_prediction):
    prior = training_prior([closed(make_sample, 1, "a?", "yes")])

    assert prior.answer(make_prediction(question="a?", language="zh")) == ""
    assert prior.answer(make_prediction(question="a?", kind="open")) == ""


def test_a_tie_goes_to_the_first_in_order_of_letters(make_sample, make_prediction):
    samples = [closed(make_sample, number, "a?", gold) for number, gold in enumerate(["yes", "no"])]

    assert training_prior(samples).answer(make_prediction(question="a?")) == "no"


def test_a_choice_takes_the_offered_text_that_was_right_most_often(make_sample, make_prediction):
    def chosen(number, right, *options):
        answer = Answer(kind="mcq", options=options, gold=("ABC"[options.index(right)],))
        return make_sample(number, question=f"Which? {options}", task="modality", answer=answer)

    prior = training_prior([chosen(1, "CT", "CT", "MR"), chosen(2, "CT", "MR", "CT"), chosen(3, "MR", "MR", "US")])
    asked = {"kind": "mcq", "gold": ("A",), "question": "Which one?", "question_type": "modality"}

    assert prior.answer(make_prediction(options=("US", "MR", "CT"), **asked)) == "C"
    assert prior.answer(make_prediction(options=("US", "MR"), **asked)) == "B"
    assert prior.answer(make_prediction(options=("PET", "SPECT"), **asked)) == "A"


def test_boxes_keep_their_numbers(make_sample, make_prediction):
    answer = Answer(kind="box", gold=("nodule 1.5 2 30 40",))
    prior = training_prior([make_sample(1, answer=answer)])

    assert prior.answer(make_prediction(kind="box")) == "nodule 1.5 2 30 40"


def test_samples_without_an_answer_tell_nothing(make_sample, make_prediction):
    assert training_prior([make_sample(1, answer=None)]).answer(make_prediction()) == ""
