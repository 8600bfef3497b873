"""Scores of stored answers."""

import pytest

from doctorsun.errors import DataError, RecipeError
from doctorsun.eval.prior import training_prior
from doctorsun.eval.protocols import PROTOCOLS
from doctorsun.eval.scoring import read_scores, score, write_scores
from doctorsun.schema import Answer, Score

REPORT_METRICS = {"rouge_l", "word_rouge_l", "bleu4", "word_bleu4"}


@pytest.fixture
def predictions(make_prediction):
    """Return 20 closed answers in each language; English is right in 15 of 20, Chinese always; types of 16 and 4."""
    return [
        make_prediction(
            id=f"{language}-{number}",
            language=language,
            gold=("yes" if number % 2 else "no",),
            output=("yes" if number % 2 else "no") if language == "zh" or number < 15 else "unknown",
            cluster=str(number // 2),
            question_type="modality" if number < 16 else "side",
            modality="ct" if number < 10 else "mr",
        )
        for language in ("en", "zh")
        for number in range(20)
    ]


def found(scores, **fields):
    matching = [row for row in scores if all(getattr(row, name) == value for name, value in fields.items())]
    assert len(matching) == 1
    return matching[0]


def test_languages_are_scored_apart(predictions):
    scores = score(predictions)

    english = found(scores, language="en", metric="accuracy", slice=None)
    chinese = found(scores, language="zh", metric="accuracy", slice=None)
    assert (english.value, english.n, english.num_invalid) == (0.75, 20, 5)
    assert (chinese.value, chinese.num_invalid, chinese.high) == (1, 0, 1)
    assert english.low < 0.75 < english.high
    assert english.protocol == "polarity@2"


def test_macro_accuracy_weighs_types_alike(predictions):
    row = found(score(predictions), language="en", metric="macro_accuracy", slice=None)

    assert row.value == pytest.approx((15 / 16 + 0 / 4) / 2)


def test_every_type_and_modality_has_its_row(predictions):
    scores = score(predictions)

    slices = {row.slice for row in scores if row.language == "en"}
    assert slices == {None, "question_type=modality", "question_type=side", "modality=ct", "modality=mr"}
    assert found(scores, language="en", slice="question_type=side", metric="accuracy").value == 0


def test_a_failed_answer_of_the_model_counts_as_wrong(predictions, make_prediction):
    failed = make_prediction(id="x", output="yes", status="error")

    row = found(score([*predictions, failed]), language="en", metric="accuracy", slice=None)

    assert (row.n, row.value, row.num_invalid) == (21, pytest.approx(15 / 21), 6)


def test_a_failed_answer_of_a_control_is_left_out_and_counted_apart(make_prediction):
    rows = [
        make_prediction(id=str(number), image_control="shuffled", modality="ct" if number else "mr")
        for number in range(3)
    ]
    failed = [make_prediction(id=name, image_control="shuffled", status="error", modality="ct") for name in "xy"]

    scores = score([failed[0], *rows, failed[1]])

    row = found(scores, metric="accuracy", slice=None)
    assert (row.control, row.n, row.value, row.num_errors) == ("shuffled", 3, 1, 2)
    by_modality = {row.slice: row.num_errors for row in scores if row.metric == "accuracy" and row.slice}
    assert by_modality == {"modality=ct": 2, "modality=mr": 0}


def test_a_control_of_which_every_answer_failed_has_no_score(make_prediction):
    failed = make_prediction(image_control="shuffled", status="error")

    assert {row.control for row in score([make_prediction(), failed])} == {"real"}


def test_the_prior_answers_the_questions_of_the_model(make_sample, make_prediction):
    golds = ("yes", "yes", "yes", "no")
    answers = [make_prediction(id=str(number), gold=(gold,), output="no") for number, gold in enumerate(golds)]
    prior = training_prior([make_sample(1, answer=Answer(kind="closed", gold=("yes",)))])

    scores = score(answers, prior)

    assert found(scores, control="prior", metric="accuracy", slice=None).value == 0.75
    assert found(scores, control="real", metric="accuracy", slice=None).value == 0.25


def test_the_prior_is_certain_where_likelihoods_are_read(make_sample, make_prediction):
    prior = training_prior([make_sample(1, answer=Answer(kind="closed", gold=("yes",)))])
    answers = [make_prediction(id=gold, gold=(gold,), option_logprobs=(-2.0, -1.0)) for gold in ("yes", "no", "mri")]

    scores = score(answers, prior, ["polarity@2", "closed_loglik@1"])

    for protocol in ("polarity@2", "closed_loglik@1"):
        row = found(scores, control="prior", metric="accuracy", slice=None, protocol=protocol)
        assert (row.value, row.num_invalid) == (pytest.approx(1 / 3), 0), protocol


def test_a_prior_that_says_neither_yes_nor_no_has_no_likelier_option(make_sample, make_prediction):
    prior = training_prior([make_sample(1, answer=Answer(kind="closed", gold=("left",)))])

    scores = score([make_prediction(option_logprobs=(-1.0, -2.0))], prior, ["closed_loglik@1"])

    assert found(scores, control="prior", metric="accuracy", slice=None).num_invalid == 1


def test_the_prior_of_choices_is_read_by_every_protocol(make_sample, make_prediction):
    options = ("yes", "no", "maybe")
    trained = Answer(kind="mcq", options=options, gold=("A",))
    prior = training_prior([make_sample(1, answer=trained)])
    answers = [
        make_prediction(id=str(number), kind="mcq", options=options, gold=(gold,), option_logprobs=(-3.0, -2.0, -1.0))
        for number, gold in enumerate("AABC")
    ]
    names = {protocol.name for protocol in PROTOCOLS if "mcq" in protocol.kinds and not protocol.among}

    scores = score(answers, prior, sorted(names))

    shares = {row.protocol: row.value for row in scores if (row.control, row.metric) == ("prior", "accuracy")}
    assert shares == dict.fromkeys(names, 0.5)


@pytest.mark.parametrize(
    ("kind", "gold", "output", "metrics"),
    [
        ("mcq", ("A",), "A", {"accuracy", "macro_accuracy"}),
        ("open", ("left",), "left", {"f1", "precision", "recall", "exact", "word_f1"}),
        ("box", ("cyst 1 2 3 4",), "1 2 3 4", {"accuracy", "macro_accuracy", "iou"}),
        ("report", ("No focal lesion seen",), "no focal lesion seen.", REPORT_METRICS),
    ],
)
def test_metrics_of_each_kind(make_prediction, kind, gold, output, metrics):
    options = ("x", "y") if kind == "mcq" else ()
    scores = score([make_prediction(kind=kind, gold=gold, output=output, options=options)])

    assert {row.metric for row in scores} == metrics
    assert {row.value for row in scores} == {1.0}


def test_a_named_protocol_takes_the_kinds_that_it_judges(make_prediction):
    rows = [make_prediction(), make_prediction(id="2", kind="open", gold=("left",), output="left")]

    scores = score(rows, protocols=["open_tokens@1"])

    assert {row.protocol for row in scores} == {"polarity@2", "open_tokens@1"}


def test_an_unknown_protocol_is_refused(make_prediction):
    with pytest.raises(RecipeError, match="protocol: got 'bleu'"):
        score([make_prediction()], protocols=["bleu"])


def test_nothing_to_score_is_an_error():
    with pytest.raises(DataError, match="predictions to score: got none, expected at least one"):
        score([])


def test_two_answers_to_one_question_are_refused(make_prediction):
    with pytest.raises(DataError, match="prediction 1 of task phantom: got two answers with control real"):
        score([make_prediction(), make_prediction()])


def test_scores_come_back_from_disk(tmp_path, predictions):
    scores = score(predictions)
    write_scores(tmp_path / "scores.json", scores)

    assert read_scores(tmp_path / "scores.json") == scores
    assert all(isinstance(row, Score) for row in scores)


@pytest.mark.parametrize("text", ["", "{}", '{"scores": [{"task": "x"}]}'])
def test_broken_scores_are_named(tmp_path, text):
    (tmp_path / "scores.json").write_text(text)

    with pytest.raises(DataError, match=r"scores .*scores.json: got .*, expected a scores.json of this version"):
        read_scores(tmp_path / "scores.json")
