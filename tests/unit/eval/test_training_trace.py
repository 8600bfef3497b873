"""Traces of training samples."""

from dataclasses import replace

import pytest

from doctorsun.eval.training_trace import ROWS_PER_PART, form_digests, stem_of, store_traces, text_digest, trace_of
from doctorsun.schema import Message, text_part
from small_model import write_store


def asked(sample, text):
    return replace(sample, messages=(Message(role="user", content=(text_part(text),)), *sample.messages[1:]))


@pytest.fixture
def store(tmp_path, make_sample):
    return write_store(tmp_path / "store", [make_sample(number) for number in range(3)])


def test_the_same_words_have_one_digest_whatever_their_case_and_space():
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
def test_a_question_is_known_again_in_other_dress(make_sample, training):
    forms = trace_of(asked(make_sample(), training), {}).forms

    assert set(form_digests("Is there a nodule?")) & set(forms)


@pytest.mark.parametrize(
    "training", ["Is there a cyst?", "Is there a nodule in the left lung?", "A. Is there a nodule?"]
)
def test_another_question_is_not(make_sample, training):
    forms = trace_of(asked(make_sample(), f"What is it?\n{training}"), {}).forms

    assert not set(form_digests("Is there a nodule?")) & set(forms)


def test_options_that_many_questions_share_do_not_make_them_one(make_sample):
    one, other = (f"{stem}\nA. all of the above\nB. none of the above" for stem in ("What is it?", "Where is it?"))

    assert not set(form_digests(one)) & set(trace_of(asked(make_sample(), other), {}).forms)
    assert stem_of(one).strip() == "What is it?"
    assert stem_of("A. only options") == "A. only options"


def test_replies_are_no_questions(make_sample):
    assert text_digest("Yes.") not in trace_of(make_sample(), {}).texts


def test_an_image_that_is_not_here_or_broken_has_no_fingerprint(make_sample, make_image):
    gone, broken = replace(make_image(3), bytes=None), replace(make_image(4), bytes=b"broken")

    assert trace_of(make_sample(image=gone), {}).fingerprints == (b"",)
    assert trace_of(make_sample(image=broken), {}).fingerprints == (b"",)


def test_traces_of_a_store_are_kept_and_not_made_again(tmp_path, store):
    first = [trace for part in store_traces(store, tmp_path / "kept", with_looks=True) for trace in part]
    assert [path.name for path in (tmp_path / "kept").iterdir()] == ["looks-v1-000000000.parquet"]
    assert [len(trace.fingerprints[0]) for trace in first] == [32, 32, 32]

    for shard in (tmp_path / "store/shards").iterdir():
        shard.unlink()

    again = [trace for part in store_traces(store, tmp_path / "kept", with_looks=True) for trace in part]
    assert again == first
    assert len(first) < ROWS_PER_PART


def test_words_alone_are_read_without_images(tmp_path, store):
    traces = next(store_traces(store, tmp_path / "kept", with_looks=False))

    assert {trace.fingerprints for trace in traces} == {(b"",)}
    assert len({trace.images for trace in traces}) == 3
