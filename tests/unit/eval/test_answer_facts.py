"""Facts of the answers behind a score."""

from dataclasses import replace

from doctorsun.eval.answer_facts import answer_facts, denominators, prompt_hash
from doctorsun.eval.scoring import score


def test_lengths_losses_and_clusters_are_counted(make_prediction):
    rows = [
        make_prediction(id="1", output=" Yes. ", num_tokens=2, cluster="a", decoding="greedy"),
        make_prediction(id="2", output="No, clear", num_tokens=4, cluster="a", truncated=True, decoding="greedy"),
        make_prediction(id="3", output="out of memory", status="error", cluster="b"),
    ]

    facts = answer_facts(rows)

    assert (facts["mean_chars"], facts["mean_tokens"]) == ((4 + 9) / 2, 3)
    assert (facts["num_clusters"], facts["num_errors"], facts["num_truncated"]) == (2, 1, 1)
    assert facts["decoding"] == "greedy"


def test_no_answer_has_length_zero_and_unknown_tokens_are_none(make_prediction):
    facts = answer_facts([make_prediction(status="error")])

    assert (facts["mean_chars"], facts["mean_tokens"]) == (0, None)
    assert answer_facts([make_prediction(output="Yes")])["mean_tokens"] is None


def test_denominators_tell_closed_from_open(make_prediction):
    kinds = ["closed"] * 3 + ["open"] * 2 + ["report"]
    rows = [make_prediction(id=str(number), kind=kind) for number, kind in enumerate(kinds)]

    assert denominators(rows) == {"num_rows": 6, "num_closed": 3, "num_open": 2}


def test_the_hash_of_prompts_knows_words_and_questions_but_no_order(make_prediction):
    rows = [make_prediction(id=name, prompt=f"{name}? Answer shortly.") for name in "ab"]
    other = [replace(rows[0], prompt="a? Explain."), rows[1]]

    assert prompt_hash(rows) == prompt_hash(rows[::-1])
    assert len(prompt_hash(rows)) == 16
    assert prompt_hash(rows) != prompt_hash(other)
    assert prompt_hash([*rows, make_prediction(id="c")]) == ""


def test_a_score_tells_of_its_answers_and_a_slice_of_its_own(make_prediction):
    rows = [
        make_prediction(id="1", cluster="a", anatomy="lung", truncated=True, decoding="greedy", prompt="p"),
        make_prediction(id="2", cluster="b", anatomy="liver", decoding="greedy", prompt="p"),
        make_prediction(id="3", kind="open", gold=("left",), output="left", prompt="p"),
    ]

    scores = {(row.kind, row.slice): row for row in score(rows, marks={"1": {"leakage": "clean"}})}

    closed = scores["closed", None]
    assert (closed.n, closed.num_rows, closed.num_closed, closed.num_open) == (2, 3, 2, 1)
    assert (closed.num_clusters, closed.num_truncated, closed.mean_chars) == (2, 1, 4)
    assert closed.decoding == "greedy"
    assert closed.prompt == prompt_hash(rows[:2])
    assert scores["closed", "anatomy=lung"].num_truncated == 1
    assert (scores["closed", "anatomy=liver"].n, scores["closed", "anatomy=liver"].num_closed) == (1, 2)
    assert scores["closed", "leakage=clean"].n == 1
