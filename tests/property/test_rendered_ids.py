"""Training sequences of our own tokenizer keep their ids: published numbers rest on them."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from doctorsun.processor.tokenizer import SPECIAL_TOKENS
from doctorsun.schema import Message, image_part
from small_model import assistant, image, png, sample, small_processor, user

PROCESSOR = small_processor()
MARK = "\ufdd0"
PNG = image(png(0))
CONTROL = re.compile(f"({'|'.join(map(re.escape, SPECIAL_TOKENS))})")
WORDS = st.lists(
    st.one_of(
        st.sampled_from(
            [*SPECIAL_TOKENS, "\n", "\n\n", " ", "  ", "lung", "左肺", "🫁", "<", "<|eot_", "id|>", "1234"]
        ),
        st.text(max_size=3),
    ),
    max_size=6,
).map("".join)


def encoded(text: str) -> list[int]:
    """Return ids as version 0.1 did: every part of its own, words with marks by a copy that knows no control token."""
    if MARK not in text:
        return PROCESSOR.tokenizer.encode(text, add_special_tokens=False).ids
    plain = Tokenizer.from_str(PROCESSOR.tokenizer.to_str())
    plain.encode_special_tokens = True
    ids: list[int] = []
    for piece in CONTROL.split(text):
        reader = plain if MARK in piece else PROCESSOR.tokenizer
        ids += reader.encode(re.sub(f"{MARK}({MARK}?)", r"\1", piece), add_special_tokens=False).ids
    return ids


def rendered(messages: list[Message]) -> tuple[list[int], list[bool]]:
    """Return ids and what the loss counts as version 0.1 did: prompts and replies apart."""
    messages = list(PROCESSOR.control_tokens.as_words(messages))
    ids: list[int] = []
    supervised: list[bool] = []
    start = 0
    for index, message in enumerate(messages):
        if message.role == "assistant":
            opening = PROCESSOR.template.render(messages[:index], add_generation_prompt=True)
            closing = PROCESSOR.template.render(messages[: index + 1])
            prompt, reply = encoded(opening[start:]), encoded(closing[len(opening) :])
            prompt = [each for token in prompt for each in [token] * (16 if token == PROCESSOR.image_token_id else 1)]
            ids, supervised = ids + prompt + reply, supervised + [False] * len(prompt) + [True] * len(reply)
            start = len(closing)
    return ids, supervised


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(WORDS, WORDS), min_size=1, max_size=3))
def test_ids_and_what_the_loss_counts_are_those_of_before(exchanges: list[tuple[str, str]]) -> None:
    turns = [turn for asked, reply in exchanges for turn in (user(image_part(), asked), assistant(reply))]
    now = PROCESSOR.render(sample("a", *turns, images=[PNG] * len(exchanges)))
    assert (now.ids.tolist(), now.supervised.tolist()) == rendered(turns)


@settings(max_examples=40, deadline=None)
@given(WORDS)
def test_documents_are_those_of_before(text: str) -> None:
    words = PROCESSOR.control_tokens.marked(text)
    now = PROCESSOR.render(sample("a", assistant(text)))
    assert now.ids.tolist() == encoded(f"<|begin_of_text|>{words}<|end_of_text|>")
